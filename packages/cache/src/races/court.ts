export interface RaceEntryOptions {
  ttlMs?: number;
  staleMs?: number;
  tags?: readonly string[];
}

/** One process's cache, as the races see it. */
export interface RaceSubject {
  getOrSet(key: string, load: () => Promise<unknown>, options?: RaceEntryOptions): Promise<unknown>;
  set(key: string, value: unknown, options?: RaceEntryOptions): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  /** Absent: the races with tags are lost. */
  invalidateTags?(tags: readonly string[]): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface RaceCourt {
  /** A new process's cache, of the same store for all subjects of one race, where there is a store to be shared. */
  subject(): Promise<RaceSubject>;
  /** Cuts the connections over which subjects hear of each other; absent: they hear nothing, or cannot be cut off. */
  cutMessages?(): Promise<void>;
  /** Called when the race is over, after its subjects were closed. */
  close?(): Promise<void>;
  /** How long what is under way may take to arrive. Default 50. */
  readonly settleMs?: number;
  /** How long a subject that hears nothing may go on with an old value. Default 1,500. */
  readonly maxStaleMs?: number;
}

export interface Race {
  /** As in the research: '1', '3b'. */
  readonly number: string;
  readonly name: string;
  /** 2: needs a store that two subjects share. */
  readonly subjects: 1 | 2;
  run(court: () => RaceCourt | Promise<RaceCourt>): Promise<void>;
}

export class RaceLostError extends Error {
  readonly code = 'ERR_RACE_LOST';
  readonly expected: unknown;
  readonly received: unknown;

  constructor(what: string, expected: unknown, received: unknown) {
    super(`${what}: expected ${show(expected)}, received ${show(received)}`);
    this.name = 'RaceLostError';
    this.expected = expected;
    this.received = received;
  }
}

const show = (value: unknown): string =>
  typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value));
