import { type Clock, option, readOptions } from '@mainstay/core';
import type { FaultKind, FaultSpec } from '../fault.js';
import { HoldingStage } from '../holding-stage.js';
import type { Draw } from '../random.js';

export interface LatencyOptions {
  /** How long everything is on its way, in milliseconds; with direction `both`, a round trip takes twice as long. */
  ms: number;
  /** Each chunk takes up to this much longer or shorter, evenly spread, but never less than nothing, in milliseconds. Default 0. */
  jitterMs?: number;
  /**
   * How many bytes may be on their way in one direction of a connection before the sender has to wait: what a TCP window is to
   * a long line. Default 4 MiB, which at 100 ms lets 40 MB a second through.
   */
  inFlightBytes?: number;
}

export interface LatencyFault extends FaultSpec, Readonly<Required<LatencyOptions>> {
  readonly type: 'latency';
}

const fields = {
  ms: option.milliseconds(),
  jitterMs: option.milliseconds({ default: 0 }),
  inFlightBytes: option.integer({ min: 1, max: 2 ** 30, unit: 'bytes', default: 4 * 2 ** 20 }),
};

/**
 * Delays all bytes, and the end of them. It is a line with things on it, not a pause after each: throughput stays, up to
 * `inFlightBytes` per `ms`. Order is kept, so that with jitter nothing overtakes a late chunk.
 * @throws TypeError or RangeError for a nonsense value
 */
export function latency(options: LatencyOptions): LatencyFault {
  return Object.freeze({ type: 'latency', ...readOptions('latency', options, fields) });
}

class DelayLine extends HoldingStage {
  readonly #fault: LatencyFault;
  readonly #random: Draw;
  #lastDueAt = 0;

  constructor(fault: LatencyFault, clock: Clock, random: Draw) {
    super(clock, fault.inFlightBytes);
    this.#fault = fault;
    this.#random = random;
  }

  protected arrive(_chunk: Buffer | undefined, now: number): number {
    const { ms, jitterMs } = this.#fault;
    const swing = jitterMs === 0 ? 0 : (this.#random() * 2 - 1) * jitterMs;
    this.#lastDueAt = Math.max(this.#lastDueAt, now + Math.max(0, ms + swing));
    return this.#lastDueAt;
  }
}

export const latencyKind: FaultKind<LatencyFault> = {
  type: 'latency',
  read: latency,
  effect: { layer: 'stream', stage: (fault, { clock, random }) => new DelayLine(fault, clock, random) },
};
