import { expect, test } from 'vitest';
import { memoryCache, turn } from './support/helpers.js';

const trap = {
  get lazy(): never {
    throw new Error('not loaded');
  },
};

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test.each([
  [
    'a sizeOf that throws',
    { memory: { maxBytes: 1e6, sizeOf: (value: unknown) => (value as string).length } },
  ],
  [
    'a sizeOf that throws, for the limit of one entry',
    {
      maxEntryBytes: 1_000,
      memory: { sizeOf: (value: unknown) => (value as string).length },
    },
  ],
])('%s: the callers have their value, it is not kept, and it is told', async (_name, options) => {
  const { cache } = memoryCache(options);
  const errors: unknown[] = [];
  cache.on('codecError', ({ key }) => errors.push(key));
  await cache.set('key', 'before');
  await cache.delete('key');
  expect(await cache.getOrSet('key', () => null)).toBeNull();
  expect(await cache.getOrSet('later', async () => null)).toBeNull();
  expect(await cache.getMany(['a'], () => [null])).toEqual([null]);
  expect([cache.peek('key'), cache.peek('later')]).toEqual([undefined, undefined]);
  expect(errors).toEqual(['key', 'later', 'a']);
  await cache.set('key', 'older');
  await cache.set('key', null);
  // What it replaces must not outlive it.
  expect(cache.peek('key')).toBeUndefined();
  expect(await cache.getOrSet('key', () => 'kept')).toBe('kept');
  expect(cache.peek('key')).toBe('kept');
});

test.each([
  ['a getter that throws', () => ({ list: [1], inner: trap })],
  ['a revoked proxy', () => ({ inner: revoked() })],
])('%s inside a value is no error of the load, whether it is weighed or frozen', async (_name, make) => {
  for (const options of [{ memory: { maxBytes: 1e6 } }, { freeze: true }, { maxEntryBytes: 1e6 }]) {
    const { cache } = memoryCache(options);
    const value = make();
    expect(await cache.getOrSet('key', async () => value)).toBe(value);
    await cache.set('key', value);
  }
});

test('a getter is not called to freeze what it brings', async () => {
  const { cache } = memoryCache({ freeze: true });
  let calls = 0;
  const value = {
    get lazy() {
      calls += 1;
      return { id: calls };
    },
    own: { id: 1 },
  };
  await cache.getOrSet('key', () => value);
  await turn();
  expect([calls, Object.isFrozen(value.own), Object.isFrozen(value)]).toEqual([0, true, true]);
});
