import { option, readOptions } from '@mainstay/core';
import type { FaultKind, FaultSpec } from '../fault.js';

export interface DropOptions {
  /** The share of new connections that is reset instead of served, 0 to 1. Default 1. */
  rate?: number;
}

export interface DropFault extends FaultSpec, Readonly<Required<DropOptions>> {
  readonly type: 'drop';
}

const fields = { rate: option.ratio({ default: 1 }) };

/**
 * Resets a share of the new connections as soon as they are accepted; the target never hears of them. Which ones follows from
 * the seed and the connection's number.
 * @throws TypeError or RangeError for a nonsense value
 */
export function drop(options?: DropOptions): DropFault {
  return Object.freeze({ type: 'drop', ...readOptions('drop', options, fields) });
}

export const dropKind: FaultKind<DropFault> = {
  type: 'drop',
  read: drop,
  effect: { layer: 'accept', drops: ({ rate }, random) => random() < rate },
};
