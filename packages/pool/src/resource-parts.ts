import { Checkups } from './checkups.js';
import { Destruction } from './destruction.js';
import { Dialer } from './dialer.js';
import type { Entry } from './entry.js';
import type { DestroyReason } from './events.js';
import type { IdleStack } from './idle-stack.js';
import type { Lending } from './lending.js';
import type { CheckedPoolOptions } from './options.js';
import { Reaper } from './reaper.js';
import type { ResourceHost } from './resource-host.js';

/** What happens to resources on the way from one part to the next. */
export interface ResourceOwner<R> {
  idle: IdleStack<R>;
  lending: Lending<R>;
  /** How many resources may be closed because nobody uses them. */
  spare: () => number;
  adopt: (resource: R, durationMs: number) => (error: unknown) => void;
  createFailed: (error: unknown, startedAt: number) => void;
  /** The pause after a failed creation is over. */
  retry: () => void;
  provision: () => void;
  offer: (entry: Entry<R>) => void;
  putBack: (entry: Entry<R>, now: number) => void;
  discard: (entry: Entry<R>, reason: DestroyReason, error?: unknown) => void;
}

export interface ResourceParts<R> {
  readonly destruction: Destruction<R>;
  readonly checkups: Checkups<R>;
  readonly dialer: Dialer<R>;
  readonly reaper: Reaper<R>;
}

/** The parts that make, check, keep and end resources, joined to their owner. */
export function makeParts<R>(
  options: CheckedPoolOptions<R>,
  host: ResourceHost<R>,
  owner: ResourceOwner<R>,
): ResourceParts<R> {
  const { clock, validate, checkTimeoutMs, idleTimeoutMs, keepaliveMs } = options;
  const { counters, deadlines, ended } = host;
  const { idle, spare, offer, putBack, discard, provision } = owner;
  const events = () => owner.lending.events;
  const destruction = new Destruction<R>({ destroy: options.destroy, events, ended });
  const checkups = new Checkups<R>({
    ...{ validate, checkTimeoutMs, clock, deadlines, counters, idle, events },
    ...{ offer, putBack, discard, provision },
  });
  const dialer = new Dialer<R>({
    name: options.name,
    create: options.create,
    createTimeoutMs: options.createTimeoutMs,
    maxConnecting: options.maxConnecting,
    patient: host.manners.dialsForAll,
    ...{ clock, deadlines, random: Math.random },
    onCreated: owner.adopt,
    onFailed: owner.createFailed,
    onStopped: ended,
    onLate: (resource) => destruction.end(resource, 'late', undefined),
    onReady: owner.retry,
    onDown: (error) => events()?.emit('down', { error }),
    onUp: (downForMs) => events()?.emit('up', { downForMs }),
  });
  const now = () => clock.now();
  const keepAlive = (entry: Entry<R>): void => checkups.keepAlive(entry);
  const reaper = new Reaper<R>(
    { idle, spare, now, close: discard, keepAlive, idleTimeoutMs, keepaliveMs },
    deadlines,
  );
  return { destruction, checkups, dialer, reaper };
}
