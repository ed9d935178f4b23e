import type { PoolAcquireTimeoutError } from './errors.js';

/** Why a resource was destroyed. */
export type DestroyReason =
  | 'idle' // unused for longer than idleTimeoutMs
  | 'lifetime' // older than maxLifetimeMs
  | 'uses' // lent maxUses times
  | 'holder' // lease.destroy(), or use() ended with an error that isBroken() recognised
  | 'lost' // it reported its own end
  | 'validation' // validate() said no, threw, or took too long
  | 'reset' // reset() failed or took too long
  | 'drain' // the pool was drained
  | 'late'; // its creation ended after the pool had stopped waiting for it

/** The events of a pool and what their listeners get. A listener that throws changes nothing. */
export interface PoolEvents<R> {
  created: { resource: R; durationMs: number };
  destroyed: { resource: R; reason: DestroyReason; error: unknown };
  acquired: { resource: R; waitedMs: number };
  released: { resource: R; heldMs: number };
  /** A caller's deadline passed in the queue. */
  timeout: { error: PoolAcquireTimeoutError };
  /** create, validate, reset or destroy failed. Nothing else has to be done about it. */
  error: { operation: 'create' | 'validate' | 'reset' | 'destroy'; error: unknown };
  /** The first creation failed after one that succeeded; followed by one `up`. */
  down: { error: unknown };
  /** A creation succeeded again. */
  up: { downForMs: number };
}
