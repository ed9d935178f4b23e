import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { ManualClock } from '@mainstay/core';
import { expect, expectTypeOf, test } from 'vitest';
import {
  bulkhead,
  type CallContext,
  fallback,
  type Guard,
  type Pipeline,
  pipeline,
  retry,
  timeout,
} from '../src/index.js';
import { broken, deferred, settled } from './helpers.js';

test('the first part is the outermost, and a call goes through all of them', async () => {
  const order: string[] = [];
  const part = (name: string): Guard => ({
    async execute(fn: () => Promise<unknown>) {
      order.push(`${name} in`);
      const result = await fn();
      order.push(`${name} out`);
      return result;
    },
  });
  const whole = pipeline(part('a'), retry(), part('b'), timeout({ timeoutMs: 1_000 }));
  expect(await whole.execute(() => order.push('fn'))).toBe(3);
  expect(order).toEqual(['a in', 'b in', 'fn', 'b out', 'a out']);
});

test('it is compiled once: the parts are bound at the first call, and changing the list changes nothing', async () => {
  let bound = 0;
  const parts: Guard[] = [retry(), timeout({ timeoutMs: 1_000 })];
  const whole = pipeline(...parts);
  const seen = new Set<unknown>();
  parts.push({
    execute(fn) {
      bound += 1;
      return fn();
    },
  });
  for (let call = 0; call < 3; call += 1) seen.add(await whole.execute(() => 'same'));
  expect(bound).toBe(0);
  expect(whole.parts).toHaveLength(2);
  expect(Object.isFrozen(whole.parts)).toBe(true);
  expect(whole.stats()).toEqual({ calls: 3 });
});

test('pipelines may be parts of pipelines, and one policy of several', async () => {
  const clock = new ManualClock(0);
  const shared = bulkhead({ maxConcurrent: 1, clock });
  const one = pipeline(timeout({ timeoutMs: 100, clock }), shared);
  const two = pipeline(retry({ maxAttempts: 1, clock }), one);
  expect(two.name).toBe('retry > timeout > bulkhead');
  const work = deferred();
  const running = one.execute(() => work.promise);
  await expect(two.execute(() => 1)).rejects.toMatchObject({ code: 'ERR_BULKHEAD_FULL' });
  work.resolve('done');
  expect(await running).toBe('done');
  expect(await two.execute(() => 2)).toBe(2);
});

test('a foreign guard is told of aborts, and its own signal reaches fn and the policies inside', async () => {
  const clock = new ManualClock(0);
  const own = new AbortController();
  const told: AbortSignal[] = [];
  const foreign = {
    name: 'foreign',
    async execute<Result>(
      fn: (context: { signal: AbortSignal }) => Promise<Result>,
      options?: { signal?: AbortSignal },
    ): Promise<Result> {
      if (options?.signal !== undefined) told.push(options.signal);
      return fn({ signal: own.signal });
    },
  };
  const inner = timeout({ timeoutMs: 500, clock });
  const whole = pipeline(timeout({ timeoutMs: 100, clock }), foreign, inner);
  let seen: AbortSignal | undefined;
  const call = whole.execute(({ signal }) => {
    seen = signal;
    return new Promise(() => {});
  });
  await settled();
  expect(told).toHaveLength(1);
  own.abort(broken);
  expect(seen?.reason).toBe(broken);
  await expect(call).rejects.toBe(broken);
  expect(inner.stats().aborted).toBe(1);
});

test('a foreign guard that lets its call wait does not make it after the abort', async () => {
  const clock = new ManualClock(0);
  const turn = deferred();
  const waits: Guard = { execute: (fn) => turn.promise.then(() => fn()) };
  let calls = 0;
  const call = pipeline(timeout({ timeoutMs: 10, clock }), waits).execute(() => {
    calls += 1;
  });
  clock.advance(10);
  await expect(call).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  turn.resolve('now');
  await settled();
  expect(calls).toBe(0);
});

test('a foreign guard may throw, or return what is no promise', async () => {
  const throws: Guard = {
    execute() {
      throw broken;
    },
  };
  await expect(pipeline(throws).execute(() => 1)).rejects.toBe(broken);
  const plain = { execute: () => 'no promise' } as unknown as Guard;
  expect(await pipeline(plain).execute(() => 1)).toBe('no promise');
});

test('a part without execute, or no part at all, is a TypeError', () => {
  expect(() => pipeline()).toThrow('pipeline: takes at least one policy, received none');
  expect(() => pipeline(retry(), {} as Guard)).toThrow(
    'pipeline: part 2 must have execute(), received object',
  );
  expect(() => pipeline(null as unknown as Guard)).toThrow('part 1 must have execute(), received null');
});

test('types: what fn returns is what comes out, and what a fallback may answer with', async () => {
  const plain = pipeline(retry(), new CircuitBreaker({ name: 'a' }), timeout({ timeoutMs: 1_000 }));
  expectTypeOf(plain).toEqualTypeOf<Pipeline<never>>();
  expectTypeOf(plain.execute(async () => 42)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(plain.execute(() => 'text')).toEqualTypeOf<Promise<string>>();
  expectTypeOf<Parameters<Parameters<typeof plain.execute>[0]>[0]>().toEqualTypeOf<CallContext>();
  const read = plain.wrap(async (id: number, deep?: boolean) => ({ id, deep }));
  expectTypeOf(read).parameters.toEqualTypeOf<[id: number, deep?: boolean]>();
  expectTypeOf(read).returns.toEqualTypeOf<Promise<{ id: number; deep: boolean | undefined }>>();
  const saved = pipeline(
    fallback(
      () => null,
      async () => 7n,
    ),
    plain,
  );
  expectTypeOf(saved.execute(async () => 'text')).toEqualTypeOf<Promise<string | bigint | null>>();
  expectTypeOf(fallback(() => 1, { name: 'x' }).execute(() => 'a')).toEqualTypeOf<Promise<string | number>>();
  expect(await saved.execute(() => Promise.reject(broken))).toBe(null);
  // @ts-expect-error no part without execute
  expect(() => pipeline(retry(), {})).toThrow(TypeError);
});
