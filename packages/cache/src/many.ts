import type { LoadContext } from './types.js';

/** What a loader of many keys receives. */
export interface LoadManyContext {
  /** Aborted when all loads of this call are: by their time, by `close()`, or because every caller has gone. */
  readonly signal: AbortSignal;
}

/**
 * Fetches the values of the keys that no level has: an array in the order of the keys, or a Map. `undefined`, or a key that is not in
 * the Map: nothing to cache.
 */
export type ManyLoader<T> = (
  keys: string[],
  context: LoadManyContext,
) => ManyValues<T> | PromiseLike<ManyValues<T>>;

export type ManyValues<T> = readonly (T | undefined)[] | ReadonlyMap<string, T>;

interface Waiting {
  readonly context: LoadContext;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What Redis answers together may come in several pieces. */
const QUIET_MS = 2;

/** Makes one call out of the loads that begin together, each of which has a key of its own (the idea of graphql/dataloader). */
export class LoadBatch {
  readonly #load: ManyLoader<unknown>;
  readonly #nameOf: (key: string) => string;
  #waiting: Waiting[] = [];
  #undecided: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param nameOf the caller's name of a key @param count how many keys may ask */
  constructor(load: ManyLoader<unknown>, nameOf: (key: string) => string, count: number) {
    this.#load = load;
    this.#nameOf = nameOf;
    this.#undecided = count;
  }

  readonly load = (context: LoadContext): Promise<unknown> =>
    new Promise((resolve, reject) => {
      this.#undecided -= 1;
      this.#waiting.push({ context, resolve, reject });
      this.#gather();
    });

  /** A key was answered without this batch. */
  decided(): void {
    this.#undecided -= 1;
    if (this.#waiting.length > 0) this.#gather();
  }

  /** When all keys are decided, or nothing more came for a moment: some may wait for another's load. */
  #gather(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#undecided > 0 ? setTimeout(() => this.#flush(), QUIET_MS) : undefined;
    if (this.#undecided <= 0) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    this.#call(waiting).catch((error: unknown) => {
      for (const { reject } of waiting) reject(error);
    });
  }

  async #call(waiting: readonly Waiting[]): Promise<void> {
    const names = waiting.map(({ context }) => this.#nameOf(context.key));
    const values = await this.#load(names, new BatchContext(waiting));
    if (!(values instanceof Map) && !(Array.isArray(values) && values.length === names.length)) {
      throw new TypeError(
        'Cache: the loader of getMany must resolve with a Map, or with an array as long as the keys',
      );
    }
    waiting.forEach(({ resolve }, index) => {
      resolve(values instanceof Map ? values.get(names[index]) : (values as readonly unknown[])[index]);
    });
  }
}

class BatchContext implements LoadManyContext {
  readonly #waiting: readonly Waiting[];
  #controller: AbortController | undefined;

  constructor(waiting: readonly Waiting[]) {
    this.#waiting = waiting;
  }

  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    const controller = new AbortController();
    this.#controller = controller;
    let left = this.#waiting.length;
    for (const { context } of this.#waiting) {
      const leave = (): void => {
        left -= 1;
        if (left === 0) controller.abort(context.signal.reason);
      };
      if (context.signal.aborted) leave();
      else context.signal.addEventListener('abort', leave, { once: true });
    }
    return controller.signal;
  }
}
