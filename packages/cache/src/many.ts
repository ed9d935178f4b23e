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

/** Makes one call out of the loads that begin together, each of which has a key of its own (the idea of graphql/dataloader). */
export class LoadBatch {
  readonly #load: ManyLoader<unknown>;
  readonly #nameOf: (key: string) => string;
  #waiting: Waiting[] = [];

  /** @param nameOf the caller's name of a key */
  constructor(load: ManyLoader<unknown>, nameOf: (key: string) => string) {
    this.#load = load;
    this.#nameOf = nameOf;
  }

  readonly load = (context: LoadContext): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (this.#waiting.push({ context, resolve, reject }) > 1) return;
      this.#gather(0);
    });

  /** What Redis answered together may come in several pieces: one turn of the loop without another key ends the batch. */
  #gather(before: number): void {
    const count = this.#waiting.length;
    if (count === before) this.#flush();
    else setImmediate(() => this.#gather(count));
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
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
