import { type Clock, type Deadline, deadlinesOf } from '@mainstay/core';
import { Stage } from './stage.js';

/** Something that waits in a lane: bytes, or the end of them. */
export interface Held {
  /** Undefined: the end. */
  chunk: Buffer | undefined;
  /** What `arrive` gave. */
  readonly stamp: number;
}

/** What a chunk costs beside its bytes, roughly, so that a sender of single bytes is bounded too. */
const CHUNK_OVERHEAD_BYTES = 128;

/** Consumed places at the front of the queue are given back in batches. */
const COMPACT_AT = 1_024;

/** A stage that keeps what comes in, in order, until each piece is due. One deadline, in the queue that all share. */
export abstract class HoldingStage extends Stage {
  protected readonly clock: Clock;
  readonly #capacityBytes: number;
  #queue: (Held | undefined)[] = [];
  #head = 0;
  #heldBytes = 0;
  #deadline: Deadline | undefined;
  #advancing = false;

  constructor(clock: Clock, capacityBytes: number) {
    super();
    this.clock = clock;
    this.#capacityBytes = capacityBytes;
  }

  override get full(): boolean {
    return this.#heldBytes >= this.#capacityBytes;
  }

  /** Called once for each piece when it comes in; the result is kept as its stamp. */
  protected abstract arrive(chunk: Buffer | undefined, now: number): number;

  /** When the first piece, or the first `bytesAtOnce` of it, may leave. Infinity: not before the release. */
  protected dueAt(head: Held): number {
    return head.stamp;
  }

  /** Larger chunks leave in parts of this size. */
  protected get bytesAtOnce(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** Told when the first piece has left, with the time that it was due. */
  protected departed(_dueAt: number): void {}

  push(chunk: Buffer): void {
    this.#hold(chunk);
  }

  override end(): void {
    this.#hold(undefined);
  }

  override release(): void {
    this.#stopWaiting();
    while (this.#head < this.#queue.length) this.#send(Number.POSITIVE_INFINITY);
    this.lane.steer();
  }

  override discard(): void {
    this.#stopWaiting();
    this.#queue = [];
    this.#head = 0;
    this.#heldBytes = 0;
  }

  #hold(chunk: Buffer | undefined): void {
    this.#queue.push({ chunk, stamp: this.arrive(chunk, this.clock.now()) });
    this.#heldBytes += costOf(chunk);
    if (this.#deadline === undefined) this.#advance();
  }

  readonly #wake = (): void => {
    this.#deadline = undefined;
    this.#advance();
    this.lane.steer();
  };

  /** Sends what is due and waits for what is not. What is sent may come back as a removal, hence the guard. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    const now = this.clock.now();
    for (let head = this.#queue[this.#head]; head !== undefined; head = this.#queue[this.#head]) {
      const dueAt = this.dueAt(head);
      if (dueAt > now) {
        if (dueAt !== Number.POSITIVE_INFINITY) this.#waitUntil(dueAt, now);
        break;
      }
      this.#send(this.bytesAtOnce);
      this.departed(dueAt);
    }
    this.#advancing = false;
  }

  #send(atMost: number): void {
    const head = this.#queue[this.#head] as Held;
    const { chunk } = head;
    if (chunk !== undefined && chunk.length > atMost) {
      head.chunk = chunk.subarray(atMost);
      this.#heldBytes -= atMost;
      this.next.push(chunk.subarray(0, atMost));
      return;
    }
    // A consumed place must not keep its bytes alive until the queue is compacted.
    this.#queue[this.#head] = undefined;
    this.#head += 1;
    this.#heldBytes -= costOf(chunk);
    if (this.#head === this.#queue.length || this.#head === COMPACT_AT) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    if (chunk === undefined) this.next.end();
    else this.next.push(chunk);
  }

  #waitUntil(dueAt: number, now: number): void {
    this.#deadline = deadlinesOf(this.clock).add(dueAt - now, this.#wake, { keepAlive: false });
  }

  #stopWaiting(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }
}

function costOf(chunk: Buffer | undefined): number {
  return CHUNK_OVERHEAD_BYTES + (chunk?.length ?? 0);
}
