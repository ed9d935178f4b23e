// A hierarchical timing wheel (Varghese and Lauck, 1987; the placement by shared prefix is that of Linux and Tokio): adding
// and removing take constant time however many entries wait, for any mix of delays. A binary heap would pay log n for each,
// and Node's own lists by duration pay it for durations that rarely repeat, such as a retry's jittered sleep.
//
// Times fall into ticks of 1 ms. Level 0 has a slot a tick, a slot of level 1 holds 32 ticks, one of level 2 holds 1,024, …
// An entry sits at the lowest level where its tick and the cursor still lie in the same turn of the level. All entries of a
// level therefore lie in slots after the cursor's, and those of a lower level come before those of a higher one: the next
// entry is in the lowest occupied slot of the lowest occupied level.

const SLOTS = 32;
const LEVELS = 10;
/** 32^10 ticks: about 35,000 years. */
const LAST_TICK = SLOTS ** LEVELS - 1;
const SPANS = Array.from({ length: LEVELS + 1 }, (_, level) => SLOTS ** level);
/** Not a slot of the wheel: the list of entries that are being fired. */
const FIRING = LEVELS * SLOTS;
/** Holds the sample. */
const SPARE = FIRING + 1;
const NOWHERE = -1;

/** The base of what waits in a {@link TimingWheel}: the links are part of the entry, so that a wheel allocates nothing. */
export class WheelEntry {
  readonly dueAt: number;
  /** The wheel's own. */
  place = NOWHERE;
  previous: this | undefined = undefined;
  next: this | undefined = undefined;

  constructor(dueAt: number) {
    this.dueAt = dueAt;
  }
}

export class TimingWheel<Entry extends WheelEntry> {
  readonly #first: (Entry | undefined)[] = new Array<Entry | undefined>(SPARE + 1).fill(undefined);
  readonly #last: (Entry | undefined)[] = new Array<Entry | undefined>(SPARE + 1).fill(undefined);
  /** One bit a slot. */
  readonly #occupied = new Uint32Array(LEVELS);
  /** The tick up to which everything was taken out. */
  #cursor = 0;
  #size = 0;

  /**
   * @param sample an entry that is never used. V8 throws optimised code away when a full collection finds no live object of the
   *   class it was optimised for; without a sample, every collection at an idle moment would make the next calls four times slower.
   */
  constructor(sample: Entry) {
    this.#first[SPARE] = sample;
  }

  /** Entries that were added and neither removed nor taken. */
  get size(): number {
    return this.#size;
  }

  add(entry: Entry, now: number): void {
    // Without this an idle wheel would place by a cursor far behind, and cascade needlessly.
    if (this.#size === 0) this.#cursor = Math.max(this.#cursor, Math.floor(now));
    this.#size += 1;
    this.#place(entry);
  }

  /** @returns false when the entry is not here any more */
  remove(entry: Entry): boolean {
    if (entry.place === NOWHERE) return false;
    this.#unlink(entry);
    this.#size -= 1;
    return true;
  }

  /** Moves the entries that are due aside, earliest millisecond first, then as they were added. `take` hands them out. */
  expire(now: number): void {
    const target = Math.floor(now);
    for (let level = this.#lowestLevel(); level < LEVELS; level = this.#lowestLevel()) {
      const slot = this.#lowestSlot(level);
      const start = this.#startOf(level, slot);
      if (start > target) break;
      if (level > 0) {
        this.#cursor = start;
        this.#cascade(level * SLOTS + slot);
      } else {
        this.#expireSlot(slot, now);
        if (this.#first[slot] !== undefined) break;
      }
    }
    this.#cursor = Math.max(this.#cursor, target);
  }

  /** The next of the entries that `expire` set aside. */
  take(): Entry | undefined {
    const entry = this.#first[FIRING];
    if (entry !== undefined) this.remove(entry);
    return entry;
  }

  /** When to look again: no later than the next entry is due, exactly then if it is due within this turn of level 0. */
  nextWake(): number {
    const level = this.#lowestLevel();
    if (level === LEVELS) return Number.POSITIVE_INFINITY;
    const slot = this.#lowestSlot(level);
    if (level > 0) return this.#startOf(level, slot);
    let earliest = Number.POSITIVE_INFINITY;
    for (let entry = this.#first[slot]; entry !== undefined; entry = entry.next) {
      if (entry.dueAt < earliest) earliest = entry.dueAt;
    }
    return earliest;
  }

  clear(): void {
    for (let place = 0; place <= FIRING; place += 1) {
      for (let entry = this.#first[place]; entry !== undefined; entry = this.#first[place])
        this.remove(entry);
    }
  }

  #place(entry: Entry): void {
    let position = Math.min(Math.max(Math.floor(entry.dueAt), this.#cursor), LAST_TICK);
    let turn = Math.floor(position / SLOTS);
    let cursorTurn = Math.floor(this.#cursor / SLOTS);
    let level = 0;
    while (turn !== cursorTurn) {
      position = turn;
      turn = Math.floor(turn / SLOTS);
      cursorTurn = Math.floor(cursorTurn / SLOTS);
      level += 1;
    }
    const slot = position - turn * SLOTS;
    this.#occupied[level] = (this.#occupied[level] as number) | (1 << slot);
    this.#append(entry, level * SLOTS + slot);
  }

  #append(entry: Entry, place: number): void {
    const last = this.#last[place];
    entry.place = place;
    entry.previous = last;
    entry.next = undefined;
    if (last === undefined) this.#first[place] = entry;
    else last.next = entry;
    this.#last[place] = entry;
  }

  #unlink(entry: Entry): void {
    const { place, previous, next } = entry;
    if (previous === undefined) this.#first[place] = next;
    else previous.next = next;
    if (next === undefined) this.#last[place] = previous;
    else next.previous = previous;
    entry.place = NOWHERE;
    entry.previous = undefined;
    entry.next = undefined;
    if (place !== FIRING && this.#first[place] === undefined) {
      const level = Math.floor(place / SLOTS);
      this.#occupied[level] = (this.#occupied[level] as number) & ~(1 << (place % SLOTS));
    }
  }

  /** Spreads a slot over the levels below it, in order, now that the cursor has reached it. */
  #cascade(place: number): void {
    for (let entry = this.#first[place]; entry !== undefined; entry = this.#first[place]) {
      this.#unlink(entry);
      this.#place(entry);
    }
  }

  #expireSlot(slot: number, now: number): void {
    let next: Entry | undefined;
    for (let entry = this.#first[slot]; entry !== undefined; entry = next) {
      next = entry.next;
      if (entry.dueAt > now) continue;
      this.#unlink(entry);
      this.#append(entry, FIRING);
    }
  }

  #lowestLevel(): number {
    let level = 0;
    while (level < LEVELS && this.#occupied[level] === 0) level += 1;
    return level;
  }

  #lowestSlot(level: number): number {
    const bits = this.#occupied[level] as number;
    return 31 - Math.clz32(bits & -bits);
  }

  #startOf(level: number, slot: number): number {
    const turn = Math.floor(this.#cursor / (SPANS[level + 1] as number));
    return (turn * SLOTS + slot) * (SPANS[level] as number);
  }
}
