import { type Attempt, UNAVAILABLE } from './redis-guard.js';

export type Values = readonly (Buffer | null)[];

/** Redis answers nobody else while it serves an MGET. */
const MAX_KEYS = 1_000;

/** One MGET in the making, then its answer. A key that several ask for is asked for once. */
export class ReadTurn {
  /** What was answered, in the order of the positions; undefined before. */
  values: Attempt<Values> | undefined;
  /** Resolves with this turn when it is answered, so that whoever reads needs no promise besides. */
  readonly answered: Promise<ReadTurn>;
  #resolve: (turn: ReadTurn) => void = () => {};
  readonly #positions = new Map<string, number>();

  constructor(first: string) {
    this.#positions.set(first, 0);
    this.answered = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get size(): number {
    return this.#positions.size;
  }

  get keys(): Iterable<string> {
    return this.#positions.keys();
  }

  /** @returns where its value will stand in the answer */
  add(key: string): number {
    const known = this.#positions.get(key);
    if (known !== undefined) return known;
    const position = this.#positions.size;
    this.#positions.set(key, position);
    return position;
  }

  /** Undefined: Redis did not answer. */
  value(position: number): Buffer | null | undefined {
    const { values } = this;
    return values === undefined || values === UNAVAILABLE ? undefined : (values[position] ?? null);
  }

  answer(values: Attempt<Values>): void {
    this.values = values;
    this.#resolve(this);
  }
}

/**
 * All reads of one tick as one MGET (the idea of graphql/dataloader): a read brings its value and all its tags in one round trip,
 * and many reads cost Redis and the socket hardly more than one. The version of the whole cache stands first in each.
 */
export class ReadBatch {
  readonly #first: string;
  readonly #send: (keys: Iterable<string>) => Promise<Attempt<Values>>;
  #open: ReadTurn | undefined;

  constructor(first: string, send: (keys: Iterable<string>) => Promise<Attempt<Values>>) {
    this.#first = first;
    this.#send = send;
  }

  /** The one that is sent at the end of this tick. */
  get turn(): ReadTurn {
    if (this.#open !== undefined && this.#open.size < MAX_KEYS) return this.#open;
    if (this.#open !== undefined) this.#flush(this.#open);
    const turn = new ReadTurn(this.#first);
    this.#open = turn;
    // After the promise jobs that are queued now, since they may read too.
    void Promise.resolve().then(() => process.nextTick(() => this.#flush(turn)));
    return turn;
  }

  #flush(turn: ReadTurn): void {
    if (this.#open !== turn) return;
    this.#open = undefined;
    void this.#send(turn.keys).then((values) => turn.answer(values));
  }
}
