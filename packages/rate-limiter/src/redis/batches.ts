/** Requests for one key that go to Redis together. */
export interface Batch<Result> {
  readonly key: string;
  readonly costs: number[];
  readonly resolves: ((result: Result) => void)[];
}

/**
 * Gathers what is asked for one key in one turn of the event loop: also requests that were read from different sockets. It is sent
 * at the end of the turn, when their answers could not have been read anyway.
 */
export class Batches<Result> {
  readonly #send: (batch: Batch<Result>) => void;
  #pending = new Map<string, Batch<Result>>();

  constructor(send: (batch: Batch<Result>) => void) {
    this.#send = send;
  }

  add(key: string, cost: number): Promise<Result> {
    return new Promise((resolve) => {
      const batch = this.#pending.get(key);
      if (batch !== undefined) {
        batch.costs.push(cost);
        batch.resolves.push(resolve);
        return;
      }
      if (this.#pending.size === 0) setImmediate(this.#flush);
      this.#pending.set(key, { key, costs: [cost], resolves: [resolve] });
    });
  }

  readonly #flush = (): void => {
    const batches = this.#pending;
    this.#pending = new Map();
    for (const batch of batches.values()) this.#send(batch);
  };
}

/** Runs of equal costs, in the order they came: `[1, 1, 5]` is 1 twice and 5 once. */
export function runsOf(costs: readonly number[]): number[] {
  if (costs.length === 1) return [costs[0] as number, 1];
  const runs: number[] = [];
  for (const cost of costs) {
    if (runs[runs.length - 2] === cost) runs[runs.length - 1] = (runs[runs.length - 1] as number) + 1;
    else runs.push(cost, 1);
  }
  return runs;
}
