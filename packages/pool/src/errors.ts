import { hasErrorCode, MainstayError, withoutStack } from '@mainstay/core';
import type { AcquireDiagnosis } from './diagnosis.js';
import { describeTimeout, duration } from './diagnosis-text.js';

export type { AcquireDiagnosis };

/** A caller's deadline passed before a resource was free. `cause` is the last error of `create`, if creation is failing. */
export class PoolAcquireTimeoutError extends MainstayError {
  static {
    Object.defineProperty(PoolAcquireTimeoutError.prototype, 'name', { value: 'PoolAcquireTimeoutError' });
  }
  declare readonly code: 'ERR_POOL_ACQUIRE_TIMEOUT';
  readonly diagnosis: Readonly<AcquireDiagnosis>;

  constructor(diagnosis: AcquireDiagnosis, cause?: unknown) {
    super(
      'ERR_POOL_ACQUIRE_TIMEOUT',
      describeTimeout(diagnosis, cause),
      cause === undefined ? undefined : { cause },
    );
    this.diagnosis = Object.freeze(diagnosis);
  }
}

/** More callers wait than `maxQueued` allows: refused on arrival. */
export class PoolQueueFullError extends MainstayError {
  static {
    Object.defineProperty(PoolQueueFullError.prototype, 'name', { value: 'PoolQueueFullError' });
  }
  declare readonly code: 'ERR_POOL_QUEUE_FULL';

  constructor(name: string, maxQueued: number) {
    super('ERR_POOL_QUEUE_FULL', `Pool "${name}": ${maxQueued} callers are waiting already (maxQueued)`);
  }
}

/** The queue moves too slowly for the caller's deadline: refused on arrival, so that it can turn elsewhere at once. */
export class PoolOverloadedError extends MainstayError {
  static {
    Object.defineProperty(PoolOverloadedError.prototype, 'name', { value: 'PoolOverloadedError' });
  }
  declare readonly code: 'ERR_POOL_OVERLOADED';
  /** How long the caller would probably have waited, in milliseconds; and how long it could have. */
  readonly predictedWaitMs: number;
  readonly timeoutMs: number;

  constructor(name: string, predictedWaitMs: number, timeoutMs: number) {
    super(
      'ERR_POOL_OVERLOADED',
      `Pool "${name}": the queue would take ${duration(predictedWaitMs)}, the caller has ${duration(timeoutMs)}`,
    );
    this.predictedWaitMs = predictedWaitMs;
    this.timeoutMs = timeoutMs;
  }
}

/** The pool is draining or closed. */
export class PoolClosedError extends MainstayError {
  static {
    Object.defineProperty(PoolClosedError.prototype, 'name', { value: 'PoolClosedError' });
  }
  declare readonly code: 'ERR_POOL_CLOSED';

  constructor(name: string) {
    super('ERR_POOL_CLOSED', `Pool "${name}" is closed`);
  }
}

/** `create` did not settle within `createTimeoutMs`. */
export class PoolCreateTimeoutError extends MainstayError {
  static {
    Object.defineProperty(PoolCreateTimeoutError.prototype, 'name', { value: 'PoolCreateTimeoutError' });
  }
  declare readonly code: 'ERR_POOL_CREATE_TIMEOUT';

  constructor(name: string, timeoutMs: number) {
    super('ERR_POOL_CREATE_TIMEOUT', `Pool "${name}": create() did not settle within ${timeoutMs} ms`);
  }
}

export const isPoolAcquireTimeoutError = (error: unknown): error is PoolAcquireTimeoutError =>
  hasErrorCode(error, 'ERR_POOL_ACQUIRE_TIMEOUT');
export const isPoolQueueFullError = (error: unknown): error is PoolQueueFullError =>
  hasErrorCode(error, 'ERR_POOL_QUEUE_FULL');
export const isPoolOverloadedError = (error: unknown): error is PoolOverloadedError =>
  hasErrorCode(error, 'ERR_POOL_OVERLOADED');
export const isPoolClosedError = (error: unknown): error is PoolClosedError =>
  hasErrorCode(error, 'ERR_POOL_CLOSED');
export const isPoolCreateTimeoutError = (error: unknown): error is PoolCreateTimeoutError =>
  hasErrorCode(error, 'ERR_POOL_CREATE_TIMEOUT');

/** Under overload these are made thousands of times a second, and their stack would show the pool, not the caller. */
export const acquireTimeoutError = (diagnosis: AcquireDiagnosis, cause: unknown): PoolAcquireTimeoutError =>
  withoutStack(() => new PoolAcquireTimeoutError(diagnosis, cause));
export const overloadedError = (name: string, predictedWaitMs: number, timeoutMs: number) =>
  withoutStack(() => new PoolOverloadedError(name, predictedWaitMs, timeoutMs));
export const queueFullError = (name: string, maxQueued: number): PoolQueueFullError =>
  withoutStack(() => new PoolQueueFullError(name, maxQueued));
