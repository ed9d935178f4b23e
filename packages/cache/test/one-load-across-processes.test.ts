import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, vi } from 'vitest';
import { deferred } from './support/helpers.js';
import { redisTest } from './support/redis.js';

interface Result {
  loads: number;
  right: boolean;
}

/** Four processes that ask for one cold key at once, 100 callers each. */
async function fourProcesses(port: number, prefix: string, options: object): Promise<Result[]> {
  const script = new URL('support/loading-process.mjs', import.meta.url);
  const children = Array.from({ length: 4 }, () =>
    fork(script, [`${port}`, prefix, JSON.stringify(options)]),
  );
  try {
    await Promise.all(children.map((child) => once(child, 'message')));
    return await Promise.all(
      children.map(async (child) => {
        const answer = once(child, 'message');
        child.send('go');
        return (await answer)[0] as Result;
      }),
    );
  } finally {
    for (const child of children) child.kill();
  }
}

redisTest('four processes, 100 callers each, one cold key: 1 load', async ({ server, prefix }) => {
  const results = await fourProcesses(server.port, prefix, {});
  expect(results.every(({ right }) => right)).toBe(true);
  expect(results.reduce((sum, { loads }) => sum + loads, 0)).toBe(1);
});

redisTest('with leases switched off each process loads once', async ({ server, prefix }) => {
  const results = await fourProcesses(server.port, prefix, { lease: false });
  expect(results.map(({ loads }) => loads)).toEqual([1, 1, 1, 1]);
});

for (const bus of [true, false]) {
  redisTest(
    `who waits for another process is ${bus ? 'woken by the bus' : 'served by polling where there is no bus'}`,
    async ({ cache, settle }) => {
      const [a, b] = [await cache({ bus }), await cache({ bus })];
      await b.cache.get('wake');
      if (bus) await vi.waitFor(() => expect(b.cache.stats().bus).toBe('up'), { timeout: 30_000 });
      const load = deferred<string>();
      const loading = a.cache.getOrSet('key', () => load.promise);
      await settle();
      const waiting = b.cache.getOrSet('key', () => 'loaded twice');
      await settle();
      expect(b.cache.stats()).toMatchObject({ leaseWaits: 1, loads: 0 });
      load.resolve('value');
      expect([await loading, await waiting]).toEqual(['value', 'value']);
      expect(b.cache.stats()).toMatchObject({ loads: 0, redisHits: 1 });
    },
  );
}

redisTest(
  'a load that fails, or brings nothing, lets the next process load at once',
  async ({ cache, settle }) => {
    for (const [key, end] of [
      ['failed', () => Promise.reject(new Error('down'))],
      ['nothing', () => Promise.resolve(undefined)],
      ['too special for JSON', () => Promise.resolve(5n)],
    ] as const) {
      const [a, b] = [await cache(), await cache()];
      const load = deferred<unknown>();
      const loading = a.cache.getOrSet(key, () => load.promise.then(end)).catch(() => 'failed');
      await settle();
      const waiting = b.cache.getOrSet(key, () => 'mine');
      await settle();
      load.resolve(undefined);
      await loading;
      expect(await waiting).toBe('mine');
    }
  },
);

redisTest(
  'whoever asks after a delete or an invalidation does not wait for the older load of another process',
  async ({ cache, settle }) => {
    for (const change of ['delete', 'invalidateTags', 'clear'] as const) {
      const [a, b] = [await cache(), await cache()];
      const load = deferred<string>();
      const options = { tags: [`tag of ${change}`] };
      const loading = a.cache.getOrSet(change, () => load.promise, options);
      await settle();
      if (change === 'invalidateTags') await b.cache.invalidateTags(...options.tags);
      else if (change === 'delete') await b.cache.delete(change);
      else await b.cache.clear();
      expect(await b.cache.getOrSet(change, () => 'new', options)).toBe('new');
      load.resolve('old');
      expect(await loading).toBe('old');
      await settle();
      expect(await (await cache()).cache.get(change)).toBe('new');
    }
  },
);

redisTest('the lease of a process that died ends by itself', async ({ cache, client, prefix }) => {
  const { cache: own } = await cache();
  await (await client()).set(`${prefix}l:key`, `-${'d'.repeat(16)}-`, 'PX', 300);
  expect(await own.getOrSet('key', () => 'mine')).toBe('mine');
  expect(own.stats().leaseWaits).toBe(1);
});

redisTest(
  'when all callers of a load have gone its lease is given back',
  async ({ cache, client, settle, prefix }) => {
    const { cache: own } = await cache();
    const caller = new AbortController();
    const waiting = own.getOrSet('key', () => new Promise(() => {}), { signal: caller.signal });
    await settle();
    const observer = await client();
    expect(await observer.exists(`${prefix}l:key`)).toBe(1);
    caller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await settle();
    expect(await observer.exists(`${prefix}l:key`)).toBe(0);
  },
);
