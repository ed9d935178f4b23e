import { hasErrorCode, MainstayError, withoutStack } from '@mainstay/core';

/** What was going on in the pool when a caller's deadline passed. Times in milliseconds. */
export interface AcquireDiagnosis {
  /**
   * exhausted: every resource is in other hands. unreachable: no resource could be created, see `cause`.
   * connecting: a creation is under way and takes longer than the caller could wait.
   */
  reason: 'exhausted' | 'unreachable' | 'connecting';
  name: string;
  waitedMs: number;
  max: number;
  inUse: number;
  idle: number;
  connecting: number;
  /** Other callers still in the queue. */
  waiting: number;
  /** For how long the present holders have had theirs, longest first. */
  heldForMs: readonly number[];
  /** Failed creations in a row, and how long ago the last one was. */
  failedCreations: number;
  lastFailureAgoMs: number | undefined;
}

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
      describe(diagnosis, cause),
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
export const isPoolClosedError = (error: unknown): error is PoolClosedError =>
  hasErrorCode(error, 'ERR_POOL_CLOSED');
export const isPoolCreateTimeoutError = (error: unknown): error is PoolCreateTimeoutError =>
  hasErrorCode(error, 'ERR_POOL_CREATE_TIMEOUT');

/** Under overload these are made thousands of times a second, and their stack would show the pool, not the caller. */
export const acquireTimeoutError = (diagnosis: AcquireDiagnosis, cause: unknown): PoolAcquireTimeoutError =>
  withoutStack(() => new PoolAcquireTimeoutError(diagnosis, cause));
export const queueFullError = (name: string, maxQueued: number): PoolQueueFullError =>
  withoutStack(() => new PoolQueueFullError(name, maxQueued));

function describe(diagnosis: AcquireDiagnosis, cause: unknown): string {
  const { name, waitedMs, max, inUse, idle, connecting, waiting, heldForMs } = diagnosis;
  const parts = [
    `${inUse} of ${max} in use${holding(heldForMs)}`,
    `${idle} idle`,
    `${connecting} connecting`,
  ];
  parts.push(`${waiting} more waiting`);
  if (diagnosis.failedCreations > 0) {
    const ago =
      diagnosis.lastFailureAgoMs === undefined ? '' : ` ${duration(diagnosis.lastFailureAgoMs)} ago`;
    parts.push(`the last ${plural(diagnosis.failedCreations, 'connect')} failed,${ago}: ${messageOf(cause)}`);
  }
  return `Pool "${name}": nothing free within ${duration(waitedMs)} (${diagnosis.reason}): ${parts.join(', ')}`;
}

function holding(heldForMs: readonly number[]): string {
  const longest = heldForMs[0];
  const median = heldForMs[heldForMs.length >> 1];
  if (longest === undefined || median === undefined) return '';
  return heldForMs.length === 1
    ? ` (held for ${duration(longest)})`
    : ` (held for up to ${duration(longest)}, median ${duration(median)})`;
}

const plural = (count: number, noun: string): string => (count === 1 ? noun : `${count} ${noun}s`);
const duration = (ms: number): string =>
  ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;

/** AggregateErrors of a refused dual-stack connect have an empty message and a code. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : error.name;
}
