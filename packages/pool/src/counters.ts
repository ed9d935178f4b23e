/** Monotonic for the life of the pool. */
export interface PoolCounters {
  released: number;
  /** Of those acquired, how many had to wait; pgxpool's EmptyAcquireCount. */
  waited: number;
  acquireTimeouts: number;
  acquireAborted: number;
  /** Turned away on arrival: the queue was full, or the predicted wait longer than the caller's deadline. */
  refused: number;
  /** Callers who got the error of `create`, since nothing was open. */
  unreachable: number;
  created: number;
  createErrors: number;
  destroyed: number;
  /** Of those destroyed: unused for too long, above max, too old. */
  destroyedIdle: number;
  destroyedSurplus: number;
  destroyedLifetime: number;
  validationFailures: number;
  keepalives: number;
  leaksSuspected: number;
  leaksReclaimed: number;
  /** Summed, in milliseconds: how long callers waited, how long holders held, how long successful creations took. */
  acquireWaitMs: number;
  heldMs: number;
  createMs: number;
}

export const zeroCounters = (): PoolCounters => ({
  released: 0,
  waited: 0,
  acquireTimeouts: 0,
  acquireAborted: 0,
  refused: 0,
  unreachable: 0,
  created: 0,
  createErrors: 0,
  destroyed: 0,
  destroyedIdle: 0,
  destroyedSurplus: 0,
  destroyedLifetime: 0,
  validationFailures: 0,
  keepalives: 0,
  leaksSuspected: 0,
  leaksReclaimed: 0,

  acquireWaitMs: 0,
  heldMs: 0,
  createMs: 0,
});

/** A snapshot: gauges of the moment, and counters that only grow. HikariCP's and pgxpool's figures are all among them. */
export interface PoolStats extends Readonly<PoolCounters> {
  readonly acquired: number;
  /** Open resources: idle + inUse. */
  readonly size: number;
  readonly idle: number;
  /** Lent, or being validated or reset. */
  readonly inUse: number;
  readonly waiting: number;
  /** Creations under way; size + connecting exceeds max + overflow only after a resize, until enough came back. */
  readonly connecting: number;
  readonly min: number;
  readonly max: number;
  /** How many may be opened beyond max while callers wait. */
  readonly overflow: number;
  /** Failed creations in a row; 0 while the last one succeeded. */
  readonly failedCreations: number;
}
