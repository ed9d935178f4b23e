import { option, readOptions } from '@mainstay/core';
import type { CutMethod, FaultKind, FaultSpec } from '../fault.js';

export interface CutOptions {
  /**
   * `fin` (default): whoever the direction points to sees an orderly close, and later bytes that way are thrown away.
   * `rst`: it sees a reset; an end that the direction does not point to sees an orderly close.
   * `half-open`: it is not told: its connection stays, what it sends vanishes, and nothing ever arrives; an end that the
   * direction does not point to sees an orderly close.
   */
  how?: CutMethod;
  /** How long a connection lives before it is cut, in milliseconds. Default 0. */
  afterMs?: number;
}

export interface CutFault extends FaultSpec, Readonly<Required<CutOptions>> {
  readonly type: 'cut';
}

const fields = {
  how: option.oneOf(['fin', 'rst', 'half-open'], { default: 'fin' }),
  afterMs: option.milliseconds({ default: 0 }),
};

/**
 * Cuts every connection that is open, and every one that opens while the fault is there. Bytes that another fault holds are
 * lost. What is cut stays cut when the fault is removed.
 * @throws TypeError or RangeError for a nonsense value
 */
export function cut(options?: CutOptions): CutFault {
  return Object.freeze({ type: 'cut', ...readOptions('cut', options, fields) });
}

export const cutKind: FaultKind<CutFault> = {
  type: 'cut',
  read: cut,
  effect: {
    layer: 'connection',
    delayMs: ({ afterMs }) => afterMs,
    strike: ({ how }, connection, direction) => connection.cut(how, direction),
  },
};
