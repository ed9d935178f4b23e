import { expect, expectTypeOf, test } from 'vitest';
import {
  aggregate,
  type CacheCalls,
  type CachedFunction,
  configuration,
  countOf,
  entityById,
  externalCall,
  listPage,
  negativeLookup,
  permissions,
  renderedResponse,
  searchResults,
  session,
} from '../src/index.js';
import { memoryCache, never, turn } from './support/helpers.js';

type Make = (cache: CacheCalls, own: object) => CachedFunction<unknown, unknown>;

/** What the documentation of each one says, in seconds. */
interface Said {
  make: unknown;
  input: unknown;
  key: string;
  tags: string[];
  ttl: number;
  stale: number;
  staleIfError: number;
  nullTtl?: number;
}

const DAY = 86_400;
const presets: Record<string, Said> = {
  'entity by id': {
    make: entityById,
    input: 7,
    key: 'shop:7',
    tags: ['shop', 'shop:7'],
    ttl: 300,
    stale: 60,
    staleIfError: 600,
    nullTtl: 10,
  },
  'list page': {
    make: listPage,
    input: { page: 2, filter: { b: 1, a: 2 } },
    key: 'shop:page:{"filter":{"a":2,"b":1},"page":2}',
    tags: ['shop'],
    ttl: 30,
    stale: 30,
    staleIfError: 300,
  },
  search: {
    make: searchResults,
    input: '  Red   LAMP ',
    key: 'shop:search:red lamp',
    tags: ['shop'],
    ttl: 60,
    stale: 60,
    staleIfError: 300,
  },
  count: {
    make: countOf,
    input: { of: 'orders' },
    key: 'shop:count:{"of":"orders"}',
    tags: ['shop'],
    ttl: 60,
    stale: 300,
    staleIfError: 1_800,
  },
  aggregate: {
    make: aggregate,
    input: 'sales',
    key: 'shop:aggregate:"sales"',
    tags: ['shop'],
    ttl: 300,
    stale: 600,
    staleIfError: 3_600,
  },
  session: {
    make: session,
    input: 'abc',
    key: 'shop:session:abc',
    tags: ['shop:session:abc'],
    ttl: 60,
    stale: 0,
    staleIfError: 0,
    nullTtl: 5,
  },
  permissions: {
    make: permissions,
    input: 'me',
    key: 'shop:permissions:me',
    tags: ['shop', 'shop:me'],
    ttl: 30,
    stale: 0,
    staleIfError: 0,
  },
  configuration: {
    make: configuration,
    input: null,
    key: 'shop:configuration:null',
    tags: ['shop'],
    ttl: 60,
    stale: 600,
    staleIfError: DAY,
  },
  'negative lookup': {
    make: negativeLookup,
    input: 'slug',
    key: 'shop:lookup:slug',
    tags: ['shop', 'shop:slug'],
    ttl: 10,
    stale: 0,
    staleIfError: 0,
    nullTtl: 60,
  },
  'external call': {
    make: externalCall,
    input: ['a', 1],
    key: 'shop:call:["a",1]',
    tags: ['shop'],
    ttl: 60,
    stale: 300,
    staleIfError: DAY,
  },
  'rendered response': {
    make: renderedResponse,
    input: '/home',
    key: 'shop:rendered:"/home"',
    tags: ['shop'],
    ttl: 60,
    stale: 60,
    staleIfError: 3_600,
  },
};

function made({ make }: Said, load: () => unknown, own: object = {}) {
  const { cache, clock } = memoryCache();
  const cached = (make as Make)(cache, { name: 'shop', load, ...own });
  return { cache, clock, cached };
}

test.each(Object.entries(presets))('%s: its key, and one load for all who ask', async (_name, said) => {
  let calls = 0;
  const { cached } = made(said, () => ++calls);
  expect(cached.keyOf(said.input)).toBe(said.key);
  expect(await Promise.all([cached(said.input), cached(said.input)])).toEqual([1, 1]);
  expect([await cached(said.input), cached.peek(said.input)]).toEqual([1, 1]);
});

test.each(Object.entries(presets))('%s: each of its tags makes it void', async (_name, said) => {
  const { cache, cached } = made(said, () => 'value');
  for (const tag of said.tags) {
    await cached(said.input);
    await cache.invalidateTags('another', `${said.tags.at(-1)}0`);
    expect(cached.peek(said.input)).toBe('value');
    await cache.invalidateTags(tag);
    expect(cached.peek(said.input)).toBeUndefined();
  }
});

test.each(Object.entries(presets))(
  '%s: fresh, stale and stale if the source fails, for as long as it says',
  async (_name, said) => {
    let load: () => unknown = () => 'first';
    const { clock, cached } = made(said, () => load());
    const down = (): Promise<never> => Promise.reject(new Error('down'));
    await cached(said.input);
    clock.advance(said.ttl * 1_000 - 1);
    expect(cached.maybe(said.input)).toBe('first');
    clock.advance(1);
    load = down;
    // Stale: answered without waiting for the load, which fails.
    if (said.stale > 0) {
      expect(cached.maybe(said.input)).toBe('first');
      await turn();
    }
    const longest = Math.max(said.stale, said.staleIfError);
    if (longest > 0) {
      clock.advance(longest * 1_000 - 1);
      expect(await cached(said.input)).toBe('first');
      clock.advance(1_001);
    }
    await expect(cached(said.input)).rejects.toThrow('down');
  },
);

test.each(Object.entries(presets).filter(([, { nullTtl }]) => nullTtl !== undefined))(
  '%s: that there is none is remembered for a time of its own',
  async (_name, said) => {
    let calls = 0;
    const { clock, cached } = made(
      said,
      () => {
        calls += 1;
        return null;
      },
      { staleMs: 0, staleIfErrorMs: 0 },
    );
    await cached(said.input);
    clock.advance((said.nullTtl ?? 0) * 1_000 - 1);
    expect(await cached(said.input)).toBeNull();
    expect(calls).toBe(1);
    clock.advance(1);
    await cached(said.input);
    expect(calls).toBe(2);
  },
);

test.each(Object.entries(presets))(
  '%s: what is said goes before its own times and tags',
  async (_name, said) => {
    let calls = 0;
    const own = { ttlMs: 5, staleMs: 0, staleIfErrorMs: 0, tags: ['mine'] };
    const { cache, clock, cached } = made(said, () => ++calls, own);
    await cached(said.input);
    clock.advance(5);
    await cached(said.input);
    await cache.invalidateTags(...said.tags);
    expect(cached.peek(said.input)).toBe(2);
    await cache.invalidateTags('mine');
    expect(cached.peek(said.input)).toBeUndefined();
  },
);

test('external call: after two seconds the last answer is better than none', async () => {
  let load: () => unknown = () => 'first';
  const { clock, cached } = made(presets['external call'] as Said, () => load());
  await cached('x');
  clock.advance((60 + 300) * 1_000);
  load = never;
  const waiting = cached('x');
  clock.advance(2_000);
  expect(await waiting).toBe('first');
});

test('queries that differ have keys that differ, and what has no form in a key is refused', async () => {
  const { cache } = memoryCache();
  const page = listPage(cache, { name: 'shop', load: async (query: Record<string, unknown>) => query });
  expect(page.keyOf({ a: 1, b: undefined })).toBe(page.keyOf({ a: 1 }));
  expect(page.keyOf({ at: new Date(0) })).not.toBe(page.keyOf({ at: new Date(1) }));
  for (const wrong of [new Map(), new Set([1]), Number.NaN, 5n, () => 1, Symbol('s'), new Uint8Array(1)])
    await expect(page({ wrong })).rejects.toThrow(TypeError);
});

test('types: what goes in and what comes out of each', () => {
  const { cache } = memoryCache();
  interface User {
    id: number;
    name: string;
  }
  const load = async (): Promise<User> => ({ id: 1, name: 'a' });
  const user = entityById(cache, {
    name: 'user',
    load: async (id: number): Promise<User> => ({ id, name: '' }),
  });
  expectTypeOf(user).parameter(0).toEqualTypeOf<number>();
  expectTypeOf(user(1)).resolves.toEqualTypeOf<User>();
  expectTypeOf(user.peek(1)).toEqualTypeOf<User | undefined>();
  expectTypeOf(searchResults(cache, { name: 's', load }))
    .parameter(0)
    .toEqualTypeOf<string>();
  expectTypeOf(session(cache, { name: 's', load })('id')).resolves.toEqualTypeOf<User>();
  const count = countOf(cache, { name: 'c', load: async ({ of }: { of: string }) => of.length });
  expectTypeOf(count).parameter(0).toEqualTypeOf<{ of: string }>();
  expectTypeOf(count({ of: 'a' })).resolves.toBeNumber();
  const slug = negativeLookup(cache, {
    name: 'slug',
    load: async (slug: string): Promise<User | null> => (slug === '' ? null : load()),
  });
  expectTypeOf(slug('a')).resolves.toEqualTypeOf<User | null>();
  const rendered = renderedResponse(cache, { name: 'r', load: async (path: string) => path });
  expectTypeOf(rendered('/')).resolves.toBeString();
  const page = listPage(cache, {
    name: 'l',
    load: async ({ page }: { page: number }): Promise<User[]> => Array(page),
  });
  expectTypeOf(page({ page: 1 })).resolves.toEqualTypeOf<User[]>();
  // @ts-expect-error a preset needs a name
  expect(() => permissions(cache, { load })).toBeTypeOf('function');
  expectTypeOf(configuration(cache, { name: 'f', load: async (_all: null) => ({ dark: true }) }))
    .parameter(0)
    .toBeNull();
});

test.each([
  ['session', session],
  ['entity by id', entityById],
  ['permissions', permissions],
  ['negative lookup', negativeLookup],
])('%s: an id may be as long as a token', async (_name, make) => {
  const { cache } = memoryCache();
  const cached = (make as Make)(cache, { name: 'shop', load: () => 'value' });
  const id = 'e'.repeat(10_240);
  expect(await cached(id)).toBe('value');
  expect(cached.peek(id)).toBe('value');
  await cache.invalidateTags(make === session ? `shop:session:${id}` : `shop:${id}`);
  expect(cached.peek(id)).toBeUndefined();
});

test('types: a query may be an interface', async () => {
  interface Query {
    page: number;
    after?: string;
  }
  const { cache } = memoryCache();
  const page = listPage(cache, { name: 'shop', load: async (query: Query) => [query.page] });
  expectTypeOf(page).parameter(0).toEqualTypeOf<Query>();
  expect(await page({ page: 2 })).toEqual([2]);
});
