/** Monotonic for the life of the pool. */
export interface PoolCounters {
  acquired: number;
  released: number;
  acquireTimeouts: number;
  acquireAborted: number;
  refused: number;
  created: number;
  createErrors: number;
  destroyed: number;
  validationFailures: number;
  acquireWaitMs: number;
}

export const zeroCounters = (): PoolCounters => ({
  acquired: 0,
  released: 0,
  acquireTimeouts: 0,
  acquireAborted: 0,
  refused: 0,
  created: 0,
  createErrors: 0,
  destroyed: 0,
  validationFailures: 0,
  acquireWaitMs: 0,
});

/** A snapshot: gauges of the moment, and counters that only grow. */
export interface PoolStats extends Readonly<PoolCounters> {
  /** Open resources: idle + inUse. */
  readonly size: number;
  readonly idle: number;
  /** Lent, or being validated or reset. */
  readonly inUse: number;
  readonly waiting: number;
  /** Creations under way; size + connecting never exceeds max. */
  readonly connecting: number;
  readonly max: number;
}
