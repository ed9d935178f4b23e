import { type Clock, option, readOptions } from '@mainstay/core';
import type { FaultKind, FaultSpec } from '../fault.js';
import { HoldingStage } from '../holding-stage.js';

export interface SlowCloseOptions {
  /** How much later the end arrives, in milliseconds. */
  ms: number;
}

export interface SlowCloseFault extends FaultSpec, Readonly<SlowCloseOptions> {
  readonly type: 'slowClose';
}

const fields = { ms: option.milliseconds() };

/**
 * Bytes pass as ever; the end of them (a close, or a reset) arrives later.
 * @throws TypeError or RangeError for a nonsense value
 */
export function slowClose(options: SlowCloseOptions): SlowCloseFault {
  return Object.freeze({ type: 'slowClose', ...readOptions('slowClose', options, fields) });
}

class LateEnd extends HoldingStage {
  readonly #ms: number;

  constructor({ ms }: SlowCloseFault, clock: Clock) {
    // Nothing but the end is ever held.
    super(clock, Number.POSITIVE_INFINITY);
    this.#ms = ms;
  }

  override push(chunk: Buffer): void {
    this.next.push(chunk);
  }

  protected arrive(_chunk: Buffer | undefined, now: number): number {
    return now + this.#ms;
  }
}

export const slowCloseKind: FaultKind<SlowCloseFault> = {
  type: 'slowClose',
  read: slowClose,
  effect: { layer: 'stream', stage: (fault, { clock }) => new LateEnd(fault, clock) },
};
