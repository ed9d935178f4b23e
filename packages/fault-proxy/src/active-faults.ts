import { type Clock, type Deadline, deadlinesOf, MainstayError } from '@mainstay/core';
import type { Direction } from './fault.js';
import type { Fault } from './fault-kinds.js';

/** A fault that was added to a proxy. */
export interface ActiveFault {
  /** Counted from 1, in the order of addition; never used again. */
  readonly id: number;
  readonly fault: Fault;
  readonly direction: Direction;
  /** False once it was removed or its time is over. */
  readonly active: boolean;
  /** Milliseconds until it goes by itself, zero once it has; undefined: only when it is removed. */
  readonly remainingMs: number | undefined;
  /** Takes the fault away; connections go on where they stood. The second call does nothing. */
  remove(): void;
  toJSON(): Record<string, unknown>;
  [Symbol.dispose](): void;
}

/** More faults than this at once are a leak, not a test. */
const MOST_FAULTS = 1_000;

/** The faults that are there, in the order they came, each until it is removed or its time is over. */
export class ActiveFaults {
  readonly #clock: Clock;
  readonly #onRemove: (fault: ActiveFault) => void;
  readonly #entries = new Map<number, Entry>();
  #lastId = 0;

  constructor(clock: Clock, onRemove: (fault: ActiveFault) => void) {
    this.#clock = clock;
    this.#onRemove = onRemove;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: number): ActiveFault | undefined {
    return this.#entries.get(id);
  }

  [Symbol.iterator](): IterableIterator<ActiveFault> {
    return this.#entries.values();
  }

  add(fault: Fault, direction: Direction, forMs: number | undefined): ActiveFault {
    if (this.#entries.size >= MOST_FAULTS) {
      throw new MainstayError(
        'ERR_TOO_MANY_FAULTS',
        `a proxy takes ${MOST_FAULTS} faults at once: remove some`,
      );
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const entry = new Entry(id, fault, direction, this.#clock, forMs, () => {
      this.#entries.delete(id);
      this.#onRemove(entry);
    });
    this.#entries.set(id, entry);
    return entry;
  }

  clear(): void {
    for (const entry of [...this.#entries.values()]) entry.remove();
  }
}

class Entry implements ActiveFault {
  readonly id: number;
  readonly fault: Fault;
  readonly direction: Direction;
  readonly #clock: Clock;
  readonly #endsAt: number | undefined;
  readonly #deadline: Deadline | undefined;
  #leave: (() => void) | undefined;

  constructor(
    id: number,
    fault: Fault,
    direction: Direction,
    clock: Clock,
    forMs: number | undefined,
    leave: () => void,
  ) {
    this.id = id;
    this.fault = fault;
    this.direction = direction;
    this.#clock = clock;
    this.#leave = leave;
    if (forMs === undefined) return;
    this.#endsAt = clock.now() + forMs;
    this.#deadline = deadlinesOf(clock).add(forMs, () => this.remove(), { keepAlive: false });
  }

  get active(): boolean {
    return this.#leave !== undefined;
  }

  get remainingMs(): number | undefined {
    if (this.#endsAt === undefined) return undefined;
    return this.active ? Math.max(0, this.#endsAt - this.#clock.now()) : 0;
  }

  remove(): void {
    this.#deadline?.cancel();
    const leave = this.#leave;
    this.#leave = undefined;
    leave?.();
  }

  toJSON(): Record<string, unknown> {
    const { id, fault, direction, remainingMs } = this;
    return {
      id,
      direction,
      ...fault,
      ...(remainingMs === undefined ? {} : { remainingMs: Math.ceil(remainingMs) }),
    };
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}
