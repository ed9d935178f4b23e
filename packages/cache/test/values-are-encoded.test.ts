import { Packr } from 'msgpackr';
import { expect, test } from 'vitest';
import { type Codec, createCache, jsonCodec, msgpackCodec } from '../src/index.js';
import { redisTest, type Workshop } from './support/redis.js';

async function withCodec(
  { client, prefix }: Workshop,
  redis: { codec?: Codec; compressFromBytes?: number },
  more = {},
) {
  const own = await client();
  return createCache({ name: 'codec', redis: { client: own, prefix, timeoutMs: 2_000, ...redis }, ...more });
}

redisTest('msgpackr keeps what JSON loses, for the first caller and for later ones', async (workshop) => {
  const codec = msgpackCodec(new Packr({ structuredClone: true }));
  const [a, b] = [await withCodec(workshop, { codec }), await withCodec(workshop, { codec })];
  const value = { at: new Date(5), map: new Map([[1, 2]]), set: new Set(['a']), big: 2n ** 60n, text: 'ä' };
  expect(await a.getOrSet('key', () => value)).toEqual(value);
  await workshop.settle();
  expect(await b.getOrSet('key', () => 'loaded again')).toEqual(value);
  await Promise.all([a.close(), b.close()]);
});

redisTest('a value of another codec is a miss, and is replaced', async (workshop) => {
  const json = await withCodec(workshop, {}, { maxStaleMs: 0 });
  const packed = await withCodec(workshop, { codec: msgpackCodec(new Packr()) });
  const custom = await withCodec(workshop, { codec: { ...jsonCodec, id: 16 } });
  await json.set('key', 'json');
  expect(await packed.getOrSet('key', () => 'packed')).toBe('packed');
  await workshop.settle();
  expect(await custom.getOrSet('key', () => 'custom')).toBe('custom');
  await workshop.settle();
  expect(await json.getOrSet('key', () => 'json again')).toBe('json again');
  await Promise.all([json.close(), packed.close(), custom.close()]);
});

redisTest(
  'values from 1 kB are deflated, small and large, and the ratio is in the stats',
  async (workshop) => {
    const [a, b] = [await withCodec(workshop, {}), await withCodec(workshop, {})];
    const sizes = { small: 100, medium: 2_000, large: 300_000 };
    for (const [key, length] of Object.entries(sizes)) await a.set(key, 'some text '.repeat(length / 10));
    const client = await workshop.client();
    expect(await client.strlen(`${workshop.prefix}v:small`)).toBeGreaterThan(100);
    expect(await client.strlen(`${workshop.prefix}v:medium`)).toBeLessThan(500);
    expect(await client.strlen(`${workshop.prefix}v:large`)).toBeLessThan(30_000);
    for (const [key, length] of Object.entries(sizes))
      expect(await b.get(key)).toBe('some text '.repeat(length / 10));
    expect(a.stats().compressionRatio).toBeLessThan(0.2);
    const plain = await withCodec(workshop, { compressFromBytes: Number.POSITIVE_INFINITY });
    await plain.set('medium', 'some text '.repeat(200));
    expect(await client.strlen(`${workshop.prefix}v:medium`)).toBeGreaterThan(2_000);
    expect(plain.stats().compressionRatio).toBe(1);
    expect(await b.getOrSet('medium', () => 'lost')).toBe('some text '.repeat(200));
    await Promise.all([a.close(), b.close(), plain.close()]);
  },
);

redisTest(
  'a large value that is still being deflated never overtakes what came after it',
  async (workshop) => {
    const a = await withCodec(workshop, {});
    const large = 'x'.repeat(3_000_000);
    for (const [change, left] of [
      ['set', 'new'],
      ['delete', undefined],
      ['invalidateTags', undefined],
      ['clear', undefined],
    ] as const) {
      const early = a.set('key', large, { tags: ['tag'] });
      if (change === 'set') await a.set('key', 'new');
      else if (change === 'delete') await a.delete('key');
      else if (change === 'invalidateTags') await a.invalidateTags('tag');
      else await a.clear();
      await early;
      const fresh = await withCodec(workshop, {});
      expect([change, await fresh.get('key')]).toEqual([change, left]);
      await fresh.close();
    }
    await a.close();
  },
);

redisTest('what cannot be inflated is a miss', async (workshop) => {
  const a = await withCodec(workshop, {}, { maxStaleMs: 0 });
  await a.set('key', 'some text '.repeat(500));
  const client = await workshop.client();
  const key = `${workshop.prefix}v:key`;
  const raw = await client.getBuffer(key);
  await client.set(
    key,
    Buffer.concat([raw?.subarray(0, (raw?.length ?? 0) - 20) ?? Buffer.alloc(0), Buffer.alloc(20, 255)]),
  );
  const other = await withCodec(workshop, {});
  expect(await other.getOrSet('key', () => 'loaded')).toBe('loaded');
  await Promise.all([a.close(), other.close()]);
});

redisTest(
  'Redis only: nothing is kept in the process, and loads are still shared and fenced',
  async (workshop) => {
    const own = await withCodec(workshop, {}, { memory: false });
    let calls = 0;
    const load = async (): Promise<number> => ++calls;
    expect(await Promise.all([own.getOrSet('key', load), own.getOrSet('key', load)])).toEqual([1, 1]);
    await workshop.settle();
    expect(await own.getOrSet('key', load)).toBe(1);
    expect(own.peek('key')).toBeUndefined();
    expect(own.stats()).toMatchObject({ entries: 0, redisHits: 1, loads: 1 });
    await own.delete('key');
    expect(await own.getOrSet('key', load)).toBe(2);
    await own.close();
  },
);

redisTest('a value over maxEntryBytes does not go to Redis', async (workshop) => {
  const own = await withCodec(workshop, {}, { maxEntryBytes: 500 });
  await own.set('key', 'small');
  await own.set('key', 'x'.repeat(1_000));
  const other = await withCodec(workshop, {});
  expect(await other.get('key')).toBeUndefined();
  await Promise.all([own.close(), other.close()]);
});

test('codecs and kinds that make no sense are refused', () => {
  expect(() => createCache({ name: 'x', memory: false })).toThrow('needs "redis"');
  const client = {
    status: 'ready',
    mgetBuffer() {},
    evalsha() {},
    eval() {},
    ping() {},
    connect() {},
  } as never;
  for (const id of [0, 3, 128, 1.5])
    expect(() => createCache({ name: 'x', redis: { client, codec: { ...jsonCodec, id } } })).toThrow('codec');
});
