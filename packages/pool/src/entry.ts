/** Where a resource of the pool is: in the stack, in somebody's hands, being validated or reset, or no longer the pool's. */
export type EntryState = 'idle' | 'leased' | 'checking' | 'gone';

/** The pool's record of one resource. Every time is monotonic milliseconds. */
export class Entry<R> {
  readonly resource: R;
  readonly createdAt: number;
  /** Infinity without a maximum lifetime. */
  readonly expiresAt: number;
  state: EntryState = 'checking';
  /** Since when it has been in its state. */
  since: number;
  uses = 0;
  /** Set when the resource was reported lost while somebody held it: it is destroyed when it comes back. */
  lost = false;
  lostError: unknown = undefined;
  /** The only lease that may give it back; any other one is stale. */
  lease: object | undefined = undefined;

  constructor(resource: R, now: number, expiresAt: number) {
    this.resource = resource;
    this.createdAt = now;
    this.expiresAt = expiresAt;
    this.since = now;
  }
}
