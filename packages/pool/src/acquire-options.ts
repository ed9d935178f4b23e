import { option, readOptions } from '@mainstay/core';

export interface AcquireOptions {
  /** Leaves the queue when it is aborted; the promise rejects with its reason. */
  signal?: AbortSignal | undefined;
  /** Instead of the pool's `acquireTimeoutMs`; 0 waits without a limit. */
  timeoutMs?: number | undefined;
  /** 0 (default) to 9: higher ones are served first, within one it is first come, first served. */
  priority?: number | undefined;
}

export interface CheckedAcquireOptions {
  readonly timeoutMs: number | undefined;
  readonly priority: number;
}

const USUAL: CheckedAcquireOptions = { timeoutMs: undefined, priority: 0 };

/** @throws TypeError, RangeError */
export function readAcquireOptions({ timeoutMs, priority }: AcquireOptions): CheckedAcquireOptions {
  if (timeoutMs === undefined && priority === undefined) return USUAL;
  const read = readOptions(
    'Pool.acquire',
    { timeoutMs, priority },
    {
      timeoutMs: option.milliseconds({ min: 0, optional: true }),
      priority: option.integer({ min: 0, max: 9, default: 0 }),
    },
  );
  return { timeoutMs: read.timeoutMs, priority: read.priority };
}
