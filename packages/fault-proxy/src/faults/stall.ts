import { type Clock, readOptions } from '@mainstay/core';
import type { FaultKind, FaultSpec } from '../fault.js';
import { HoldingStage } from '../holding-stage.js';

export interface StallFault extends FaultSpec {
  readonly type: 'stall';
}

/**
 * Accepts, then silence: connections are made, and nothing comes through, neither bytes nor the end of them. The first 64 KiB
 * are taken from the sender and kept, then it has to wait. When the fault is removed, everything goes on where it stood.
 */
export function stall(options?: Record<never, never>): StallFault {
  return Object.freeze({ type: 'stall', ...readOptions('stall', options, {}) });
}

const CAPACITY_BYTES = 65_536;

class Silence extends HoldingStage {
  constructor(clock: Clock) {
    super(clock, CAPACITY_BYTES);
  }

  protected arrive(): number {
    return Number.POSITIVE_INFINITY;
  }
}

export const stallKind: FaultKind<StallFault> = {
  type: 'stall',
  read: stall,
  effect: { layer: 'stream', stage: (_fault, { clock }) => new Silence(clock) },
};
