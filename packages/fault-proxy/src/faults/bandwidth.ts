import { type Clock, option, readOptions } from '@mainstay/core';
import type { FaultKind, FaultSpec } from '../fault.js';
import { type Held, HoldingStage } from '../holding-stage.js';

export interface BandwidthOptions {
  /** What one direction of one connection carries, in bytes a second. */
  bytesPerSecond: number;
}

export interface BandwidthFault extends FaultSpec, Readonly<BandwidthOptions> {
  readonly type: 'bandwidth';
}

const fields = { bytesPerSecond: option.number({ min: 1, max: 1e12, unit: 'bytes a second' }) };

/**
 * Lets bytes through at a steady rate, in small parts, and makes the sender wait for the rest.
 * @throws TypeError or RangeError for a nonsense value
 */
export function bandwidth(options: BandwidthOptions): BandwidthFault {
  return Object.freeze({ type: 'bandwidth', ...readOptions('bandwidth', options, fields) });
}

/** Bytes come in parts of what this many a second would carry: smooth enough to look like a slow line. */
const PARTS_A_SECOND = 50;
const LEAST_CAPACITY_BYTES = 65_536;

/** A virtual clock of when the line is free again: what a timer is late is caught up, so that the rate is exact over time. */
class SlowLine extends HoldingStage {
  readonly #bytesPerSecond: number;
  readonly #partBytes: number;
  #freeAt = 0;

  constructor({ bytesPerSecond }: BandwidthFault, clock: Clock) {
    super(clock, Math.max(LEAST_CAPACITY_BYTES, (bytesPerSecond * 2) / PARTS_A_SECOND));
    this.#bytesPerSecond = bytesPerSecond;
    this.#partBytes = Math.max(1, Math.floor(bytesPerSecond / PARTS_A_SECOND));
  }

  protected override get bytesAtOnce(): number {
    return this.#partBytes;
  }

  protected arrive(_chunk: Buffer | undefined, now: number): number {
    return now;
  }

  protected override dueAt({ chunk, stamp }: Held): number {
    const bytes = Math.min(chunk?.length ?? 0, this.#partBytes);
    return Math.max(this.#freeAt, stamp) + (bytes / this.#bytesPerSecond) * 1_000;
  }

  protected override departed(dueAt: number): void {
    this.#freeAt = dueAt;
  }
}

export const bandwidthKind: FaultKind<BandwidthFault> = {
  type: 'bandwidth',
  read: bandwidth,
  effect: { layer: 'stream', stage: (fault, { clock }) => new SlowLine(fault, clock) },
};
