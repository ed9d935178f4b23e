import type { CutMethod } from './fault.js';
import type { LaneControl, Receiver, Stage } from './stage.js';

/** Who sends into a lane, as far as the lane has to know. */
export interface Source {
  pause(): void;
  resume(): void;
}

/** Where a lane leads to. */
export interface Sink {
  /** False: no more until `drained` is called on the lane. */
  write(chunk: Buffer): boolean;
  end(): void;
  reset(): void;
  cut(how: CutMethod): void;
}

/** Bytes that came out of the lanes of one direction. */
export interface Meter {
  bytes: number;
}

/**
 * One way through a connection: from a source through the stages of the faults to a sink. Order is kept whatever comes and
 * goes, since a stage that leaves first hands on all it holds, and the source waits while a stage or the sink is full.
 */
export class Lane implements LaneControl {
  readonly #source: Source;
  readonly #sink: Sink;
  readonly #meter: Meter;
  readonly #exit: Receiver;
  #first: Receiver;
  #stages: { readonly id: number; readonly stage: Stage }[] = [];
  #sinkIsFull = false;
  #paused = false;
  #ended = false;
  #endPassed = false;
  #ending: 'fin' | 'rst' | { cut: CutMethod } = 'fin';
  #discarding = false;
  #silent = false;
  /** Bytes that came out. */
  bytes = 0;

  constructor(source: Source, sink: Sink, meter: Meter) {
    this.#source = source;
    this.#sink = sink;
    this.#meter = meter;
    this.#exit = { push: (chunk) => this.#leave(chunk), end: () => this.#leaveEnd() };
    this.#first = this.#exit;
  }

  push(chunk: Buffer): void {
    if (this.#discarding) return;
    this.#first.push(chunk);
    this.steer();
  }

  /** @param reset the source is gone with a reset; it travels like the end would */
  end(reset = false): void {
    if (this.#discarding) {
      if (reset && !this.#silent) this.#sink.reset();
      return;
    }
    if (reset && this.#ending === 'fin') this.#ending = 'rst';
    if (this.#ended) {
      if (reset && this.#endPassed) this.#sink.reset();
      return;
    }
    this.#ended = true;
    this.#first.end();
  }

  endWithCut(how: CutMethod): void {
    this.#ending = { cut: how };
  }

  /** The sink takes bytes again. */
  drained(): void {
    this.#sinkIsFull = false;
    this.steer();
  }

  steer(): void {
    if (this.#discarding) return;
    const full = this.#sinkIsFull || this.#stages.some(({ stage }) => stage.full);
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.#source.pause();
    else this.#source.resume();
  }

  /** Adds a stage behind those that are there. */
  insert(id: number, stage: Stage): void {
    if (this.#discarding) return;
    stage.lane = this;
    this.#stages.push({ id, stage });
    this.#link();
  }

  /** Takes a stage out; what it holds goes on first. */
  remove(id: number): void {
    const index = this.#stages.findIndex((entry) => entry.id === id);
    const entry = this.#stages[index];
    if (entry === undefined) return;
    entry.stage.release();
    if (this.#discarding) return;
    this.#stages.splice(index, 1);
    this.#link();
    this.steer();
  }

  /**
   * From now on everything that comes in is thrown away, held bytes included, and the source never waits.
   * @param silent true: not even a reset of the source passes
   */
  discard(silent = false): void {
    this.#silent ||= silent;
    if (this.#discarding) return;
    this.#discarding = true;
    for (const { stage } of this.#stages) stage.discard();
    this.#stages = [];
    this.#first = this.#exit;
    this.#source.resume();
  }

  #link(): void {
    let next: Receiver = this.#exit;
    for (const { stage } of this.#stages.toReversed()) {
      stage.next = next;
      next = stage;
    }
    this.#first = next;
  }

  #leave(chunk: Buffer): void {
    if (this.#discarding || this.#endPassed) return;
    this.bytes += chunk.length;
    this.#meter.bytes += chunk.length;
    if (!this.#sink.write(chunk)) this.#sinkIsFull = true;
  }

  #leaveEnd(): void {
    if (this.#discarding || this.#endPassed) return;
    this.#endPassed = true;
    if (this.#ending === 'fin') this.#sink.end();
    else if (this.#ending === 'rst') this.#sink.reset();
    else this.#sink.cut(this.#ending.cut);
  }
}
