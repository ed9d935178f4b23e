import type { PoolAcquireTimeoutError } from './errors.js';

/** Why a resource was destroyed. */
export type DestroyReason =
  | 'idle' // unused for longer than idleTimeoutMs
  | 'surplus' // above max: an overflow that nobody waits for, or the pool was resized
  | 'lifetime' // older than maxLifetimeMs
  | 'uses' // lent maxUses times
  | 'holder' // lease.destroy(), or use() ended with an error that isBroken() recognised
  | 'leaked' // its lease was collected without being released
  | 'lost' // it reported its own end
  | 'validation' // validate() said no, threw, or took too long, on lending or as a keepalive
  | 'reset' // reset() failed or took too long
  | 'drain' // the pool was drained
  | 'late'; // its creation ended after the pool had stopped waiting for it

/** A resource that was not given back. */
export interface Leak<R> {
  resource: R;
  heldMs: number;
  /** Since its holder last asked the lease for it. */
  unusedMs: number;
  /** Where it was acquired, one frame a line; of about one loan a millisecond. */
  stack: string | undefined;
  /** False: held for `leakAfterMs` without being used, perhaps rightly. True: nobody has its lease, it was taken back. */
  collected: boolean;
}

/** The events of a pool and what their listeners get. A listener that throws changes nothing. */
export interface PoolEvents<R> {
  created: { resource: R; durationMs: number };
  destroyed: { resource: R; reason: DestroyReason; error: unknown };
  acquired: { resource: R; waitedMs: number };
  released: { resource: R; heldMs: number };
  /** A caller's deadline passed in the queue. */
  timeout: { error: PoolAcquireTimeoutError };
  leak: Leak<R>;
  /** create, validate, reset or destroy failed. Nothing else has to be done about it. */
  error: { operation: 'create' | 'validate' | 'reset' | 'destroy'; error: unknown };
  /** The first creation failed after one that succeeded; followed by one `up`. */
  down: { error: unknown };
  /** A creation succeeded again. */
  up: { downForMs: number };
}
