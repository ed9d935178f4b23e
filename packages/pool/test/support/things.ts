import { ManualClock } from '@mainstay/core';
import { Pool, type PoolOptions } from '../../src/index.js';

/** A resource with a number, so that tests can tell which one they got. */
export interface Thing {
  id: number;
  destroyed: boolean;
}

/** A pool of things on a clock that stands still, and what happened to the things. */
export function thingPool(options: Partial<PoolOptions<Thing>> = {}) {
  const clock = new ManualClock();
  const made: Thing[] = [];
  const pool = new Pool<Thing>({
    name: 'things',
    create: () => {
      const thing = { id: made.length + 1, destroyed: false };
      made.push(thing);
      return thing;
    },
    destroy: (thing) => {
      thing.destroyed = true;
    },
    clock,
    ...options,
  });
  return { pool, clock, made };
}

/** Lets promises and immediates have their turn. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What became of a promise by now: pending, or its outcome. */
export async function fate<T>(promise: Promise<T>): Promise<'pending' | { value: T } | { error: unknown }> {
  let result: 'pending' | { value: T } | { error: unknown } = 'pending';
  promise.then(
    (value) => {
      result = { value };
    },
    (error: unknown) => {
      result = { error };
    },
  );
  await turn();
  return result;
}
