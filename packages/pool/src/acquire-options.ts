import { option, readOptions } from '@mainstay/core';

export interface AcquireOptions {
  /** Leaves the queue when it is aborted; the promise rejects with its reason. */
  signal?: AbortSignal | undefined;
  /** Instead of the pool's `acquireTimeoutMs`; 0 waits without a limit. */
  timeoutMs?: number | undefined;
}

/** @throws TypeError, RangeError */
export const readTimeout = ({ timeoutMs }: AcquireOptions): number =>
  readOptions('Pool.acquire', { timeoutMs }, { timeoutMs: option.milliseconds({ min: 0 }) }).timeoutMs;
