/** What a service uses its database for; each of the numbers can be overridden by the option of its name. */
export type Profile = 'web' | 'worker' | 'batch';

export interface ProfileSettings {
  max: number;
  overflow: number;
  acquireTimeoutMs: number;
  queryTimeoutMs: number;
  idleTimeoutMs: number;
  maxQueued: number;
  validateAfterIdleMs: number;
}

/**
 * web: many short statements for people who wait. 20 connections and 10 more in a rush, a ping before a connection that was
 * idle for a second, two seconds' patience for a connection and ten for a statement, at most 200 in the queue.
 *
 * worker: jobs side by side, each with a connection for seconds, in a queue that waits elsewhere. 10 connections, no rush.
 *
 * batch: few long statements, nobody waits. 4 connections, kept for long, statements without a limit.
 */
export const profiles: Readonly<Record<Profile, Readonly<ProfileSettings>>> = {
  web: {
    max: 20,
    overflow: 10,
    acquireTimeoutMs: 2_000,
    queryTimeoutMs: 10_000,
    idleTimeoutMs: 10_000,
    maxQueued: 200,
    validateAfterIdleMs: 1_000,
  },
  worker: {
    max: 10,
    overflow: 0,
    acquireTimeoutMs: 30_000,
    queryTimeoutMs: 120_000,
    idleTimeoutMs: 60_000,
    maxQueued: 1_000,
    validateAfterIdleMs: 1_000,
  },
  batch: {
    max: 4,
    overflow: 0,
    acquireTimeoutMs: 300_000,
    queryTimeoutMs: 0,
    idleTimeoutMs: 600_000,
    maxQueued: 10_000,
    validateAfterIdleMs: 5_000,
  },
};
