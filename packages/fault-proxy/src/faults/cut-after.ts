import { option, readOptions } from '@mainstay/core';
import type { CutMethod, FaultKind, FaultSpec } from '../fault.js';
import { Stage } from '../stage.js';

export interface CutAfterOptions {
  /** How many bytes still pass, counted for each direction of each connection from when the fault meets it. */
  bytes: number;
  /** `fin` (default): an orderly close. `rst`: a reset. `half-open`: silence, and nobody is told. */
  how?: CutMethod;
}

export interface CutAfterFault extends FaultSpec, Readonly<Required<CutAfterOptions>> {
  readonly type: 'cutAfter';
}

const fields = {
  bytes: option.integer({ min: 0, unit: 'bytes' }),
  how: option.oneOf(['fin', 'rst', 'half-open'], { default: 'fin' }),
};

/**
 * Lets exactly so many bytes through, then cuts the connection, both ends of it. With 0, the first byte cuts it.
 * A reset comes 20 ms after the last byte, since one that comes with it would make the receiver lose bytes.
 * @throws TypeError or RangeError for a nonsense value
 */
export function cutAfter(options: CutAfterOptions): CutAfterFault {
  return Object.freeze({ type: 'cutAfter', ...readOptions('cutAfter', options, fields) });
}

class Countdown extends Stage {
  readonly #how: CutMethod;
  #bytesLeft: number;
  #over = false;

  constructor({ bytes, how }: CutAfterFault) {
    super();
    this.#bytesLeft = bytes;
    this.#how = how;
  }

  push(chunk: Buffer): void {
    if (this.#over) return;
    if (chunk.length < this.#bytesLeft) {
      this.#bytesLeft -= chunk.length;
      this.next.push(chunk);
      return;
    }
    this.#over = true;
    if (this.#bytesLeft > 0) this.next.push(chunk.subarray(0, this.#bytesLeft));
    this.lane.endWithCut(this.#how);
    this.next.end();
  }

  override end(): void {
    if (!this.#over) this.next.end();
  }
}

export const cutAfterKind: FaultKind<CutAfterFault> = {
  type: 'cutAfter',
  read: cutAfter,
  effect: { layer: 'stream', stage: (fault) => new Countdown(fault) },
};
