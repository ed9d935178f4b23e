import { afterEach, describe, expect, test } from 'vitest';
import { createCache } from '../src/index.js';
import { deferred } from './support/helpers.js';
import { type Answer, frameworks, type Route, type Settings, type Site } from './support/http-servers.js';

const sites: Site[] = [];
afterEach(async () => {
  await Promise.all(sites.splice(0).map((site) => site.close()));
});

describe.each(Object.entries(frameworks))('%s', (name, start) => {
  async function site(
    answer: Answer | Route,
    settings: Partial<Settings> = {},
  ): Promise<{
    ask: (path?: string, headers?: Record<string, string>, method?: string) => Promise<Response>;
    calls: () => number;
  }> {
    let calls = 0;
    const route: Route = (request) => {
      calls += 1;
      return typeof answer === 'function' ? answer(request) : answer;
    };
    const cache = createCache({ name: 'http', ttlJitterRatio: 0 });
    const made = await start({ cache, ttlMs: 60_000, ...settings }, route);
    sites.push(made);
    return {
      ask: (path = '/', headers = {}, method = 'GET') => fetch(made.url + path, { headers, method }),
      calls: () => calls,
    };
  }

  test('a response is kept, with status, headers and body', async () => {
    const { ask, calls } = await site({
      status: 404,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-own': 'yes' },
      body: 'nö',
    });
    for (let time = 0; time < 3; time += 1) {
      const response = await ask('/a?b=1');
      expect([response.status, await response.text(), response.headers.get('x-own')]).toEqual([
        404,
        'nö',
        'yes',
      ]);
      expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
      expect(response.headers.get('age')).toBe(time === 0 ? null : '0');
    }
    await ask('/a?b=2');
    expect(calls()).toBe(2);
  });

  test('bytes come back as they are', async () => {
    const bytes = Buffer.from([0, 255, 254, 1, 2, 3]);
    const { ask } = await site({ headers: { 'content-type': 'application/octet-stream' }, body: bytes });
    for (let time = 0; time < 2; time += 1)
      expect(Buffer.from(await (await ask()).arrayBuffer()).equals(bytes)).toBe(true);
  });

  test('ETag: the first answer has the one of the later ones, and If-None-Match is answered with 304', async () => {
    const { ask, calls } = await site({ body: 'text' });
    const first = (await ask()).headers.get('etag') ?? '';
    expect((await ask()).headers.get('etag')).toBe(first);
    for (const tag of [first, `"other", ${first}`, '*']) {
      const response = await ask('/', { 'if-none-match': tag });
      expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([
        304,
        '',
        first,
      ]);
    }
    expect((await ask('/', { 'if-none-match': '"other"' })).status).toBe(200);
    expect(calls()).toBe(1);
  });

  test('HEAD is answered from what GET brought, without a body', async () => {
    const { ask, calls } = await site({ body: 'text' });
    await ask();
    const response = await ask('/', {}, 'HEAD');
    expect([response.status, await response.text(), response.headers.get('content-length')]).toEqual([
      200,
      '',
      '4',
    ]);
    expect(calls()).toBe(1);
  });

  test.each([
    ['sets a cookie', { 'set-cookie': 'a=1' }],
    ['says no-store', { 'cache-control': 'no-store' }],
    ['says no-cache', { 'cache-control': 'no-cache' }],
    ['says private', { 'cache-control': 'private, max-age=60' }],
    ['says max-age=0', { 'cache-control': 'max-age=0' }],
    ['varies by a header that is not in the key', { vary: 'accept, x-tenant' }],
    ['varies by everything', { vary: '*' }],
  ])('a response that %s is not kept', async (_what, headers) => {
    const { ask, calls } = await site({ headers: headers as Record<string, string>, body: 'text' });
    for (let time = 0; time < 3; time += 1) expect(await (await ask()).text()).toBe('text');
    expect(calls()).toBe(3);
  });

  test('an error, a redirect that is not lasting and a body over the limit are not kept', async () => {
    const { ask, calls } = await site(({ url }) => ({ status: Number(url.slice(1)), body: 'text' }));
    for (const status of [500, 503, 429]) for (let time = 0; time < 2; time += 1) await ask(`/${status}`);
    expect(calls()).toBe(6);
    const large = await site({ body: 'x'.repeat(2_000) }, { maxBodyBytes: 1_000 });
    for (let time = 0; time < 2; time += 1) expect(await (await large.ask()).text()).toHaveLength(2_000);
    expect(large.calls()).toBe(2);
  });

  test('without a ttl only what Cache-Control allows is kept, and max-age is its time', async () => {
    const { ask, calls } = await site(
      ({ url }) => ({
        headers: (url === '/kept' ? { 'cache-control': 'public, max-age=60' } : {}) as Record<string, string>,
        body: url,
      }),
      { ttlMs: 0 },
    );
    for (const path of ['/kept', '/kept', '/not', '/not']) await ask(path);
    expect(calls()).toBe(3);
  });

  test('a response that was in another cache already counts on from its Age', async () => {
    const { ask, calls } = await site(({ url }) => ({
      headers: { age: '50', 'cache-control': `max-age=${url.slice(1)}` },
      body: 'text',
    }));
    await ask('/3600');
    expect(Number((await ask('/3600')).headers.get('age'))).toBeGreaterThanOrEqual(50);
    expect(calls()).toBe(1);
    for (const path of ['/50', '/50', '/10']) await ask(path);
    expect(calls()).toBe(4);
  });

  test('Expires is the time of a response without max-age; what it says is past is not kept', async () => {
    const inOneHour = new Date(Date.now() + 3_600_000).toUTCString();
    const past = new Date(Date.now() - 3_600_000).toUTCString();
    const kept: Record<string, string>[] = [
      { expires: inOneHour },
      { expires: 'Fri, 31 Dec 9999 23:59:59 GMT' },
      { expires: past, 'cache-control': 'max-age=60' },
    ];
    for (const headers of kept) {
      const { ask, calls } = await site({ headers, body: 'text' }, { ttlMs: 0 });
      for (let time = 0; time < 2; time += 1) await ask();
      expect(calls()).toBe(1);
    }
    for (const expires of [past, '0', 'soon']) {
      const { ask, calls } = await site({ headers: { expires }, body: 'text' });
      for (let time = 0; time < 2; time += 1) await ask();
      expect(calls()).toBe(2);
    }
  });

  test('the answer to an authorised request is not kept unless told to', async () => {
    const authorised: Record<string, string>[] = [{ authorization: 'Bearer a' }, { cookie: 'session=1' }];
    for (const headers of authorised) {
      const { ask, calls } = await site({ body: 'mine' });
      await ask('/', headers);
      await ask('/', headers);
      await ask();
      expect(calls()).toBe(3);
      const shared = await site({ body: 'everybody’s' }, { shareAuthorised: true });
      await shared.ask('/', headers);
      await shared.ask();
      expect(shared.calls()).toBe(1);
    }
  });

  test('with a user key each user has answers of his own, private ones too', async () => {
    const { ask, calls } = await site(
      ({ header }) => ({
        headers: { 'cache-control': 'private, max-age=60' },
        body: header('x-user') ?? 'nobody',
      }),
      { byUser: true },
    );
    const as = async (user: string): Promise<string> =>
      (await ask('/', { authorization: 'Bearer x', 'x-user': user })).text();
    expect([await as('a'), await as('b'), await as('a'), await as('b')]).toEqual(['a', 'b', 'a', 'b']);
    expect(calls()).toBe(2);
  });

  test('Vary: answers differ by the headers named, and say so', async () => {
    const { ask, calls } = await site(
      ({ header }) => ({ headers: { vary: 'accept-language' }, body: header('accept-language') ?? '' }),
      { vary: ['Accept-Language'] },
    );
    for (const language of ['de', 'en', 'de', 'en']) {
      const response = await ask('/', { 'accept-language': language });
      expect(await response.text()).toBe(language);
      expect(response.headers.get('vary')).toMatch(/accept-language/i);
    }
    expect(calls()).toBe(2);
  });

  test('a request with no-store, a range, or another method passes', async () => {
    const { ask, calls } = await site({ body: 'text' });
    await ask();
    await ask('/', { 'cache-control': 'no-store' });
    await ask('/', { range: 'bytes=0-1' });
    expect(calls()).toBe(3);
    expect((await ask('/', {}, 'POST')).status).toBe(404);
  });

  test('requests for one response that come together share one call of the handler', async () => {
    const gate = deferred<Answer>();
    const { ask, calls } = await site(() => gate.promise);
    const waiting = Array.from({ length: 20 }, () => ask().then((response) => response.text()));
    while (calls() === 0) await new Promise((resolve) => setImmediate(resolve));
    gate.resolve({ body: 'text' });
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['text']));
    expect(calls()).toBe(1);
  });

  test('when the first visitor goes away, the others share one call', async () => {
    const gate = deferred<void>();
    const cache = createCache({ name: 'http', ttlJitterRatio: 0 });
    let calls = 0;
    const route: Route = async () => {
      calls += 1;
      if (calls === 1) await gate.promise;
      return { body: 'text' };
    };
    const made = await start({ cache, ttlMs: 60_000 }, route);
    sites.push(made);
    const leaving = new AbortController();
    const first = fetch(made.url, { signal: leaving.signal }).catch(() => 'gone');
    while (calls === 0) await new Promise((resolve) => setImmediate(resolve));
    const waiting = Array.from({ length: 5 }, () => fetch(made.url).then((response) => response.text()));
    while (cache.stats().coalesced < 5) await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    expect(await first).toBe('gone');
    // With Hono the handler goes on without its visitor, and its response is everybody's.
    const goesOn = name === 'hono';
    if (goesOn) gate.resolve();
    expect(await Promise.all(waiting)).toEqual(Array(5).fill('text'));
    expect(calls).toBe(goesOn ? 1 : 2);
    gate.resolve();
  });

  test('who waited for a response that is not kept gets one of his own', async () => {
    const gate = deferred<void>();
    let number = 0;
    const { ask, calls } = await site(async () => {
      await gate.promise;
      number += 1;
      return { headers: { 'set-cookie': `n=${number}` }, body: `${number}` };
    });
    const waiting = Array.from({ length: 5 }, () => ask().then((response) => response.text()));
    while (calls() === 0) await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    expect(new Set(await Promise.all(waiting)).size).toBe(5);
  });

  test('what was kept is invalidated by its tags', async () => {
    const cache = createCache({ name: 'http' });
    const { ask, calls } = await site({ body: 'text' }, { cache, tags: ['products'] });
    await ask();
    await ask();
    await cache.invalidateTags('products');
    await ask();
    expect(calls()).toBe(2);
  });

  test('a visitor who has the response already gets 304 from the first request on, and fills the cache', async () => {
    const { ask, calls } = await site({ body: 'text' });
    const known = (await ask('/other')).headers.get('etag') ?? '';
    const first = await ask('/', { 'if-none-match': known });
    expect([first.status, await first.text(), first.headers.get('etag')]).toEqual([304, '', known]);
    const second = await ask('/', { 'if-none-match': '"older"' });
    expect([second.status, await second.text()]).toEqual([200, 'text']);
    expect(calls()).toBe(2);
  });

  test('what a middleware before gives to each visit is not what the first one got', async () => {
    const { ask } = await site({ headers: { 'x-own': 'same' }, body: 'text' }, { numbered: true });
    const seen = [];
    for (let time = 0; time < 3; time += 1) {
      const { headers } = await ask();
      seen.push(headers.get('x-visit'));
      expect(headers.get('x-own')).toBe('same');
    }
    expect(new Set(seen).size).toBe(3);
  });

  test('a streamed response reaches the visitor as it comes about, and is kept when it is complete', async () => {
    const gate = deferred<void>();
    async function* pieces() {
      yield 'first ';
      await gate.promise;
      yield 'second';
    }
    const { ask, calls } = await site(() => ({ headers: { 'content-type': 'text/plain' }, body: pieces() }));
    const reader = (await ask()).body?.getReader();
    const text = async (): Promise<string> => Buffer.from((await reader?.read())?.value ?? []).toString();
    // It is here although the handler has not ended.
    expect(await text()).toBe('first ');
    gate.resolve();
    expect(await text()).toBe('second');
    expect((await reader?.read())?.done).toBe(true);
    const again = await ask();
    expect([await again.text(), again.headers.get('age')]).toEqual(['first second', '0']);
    expect(again.headers.get('etag')).not.toBeNull();
    expect(calls()).toBe(1);
  });

  test('a stream of events, or a large one, keeps nobody else waiting for its end', async () => {
    const gate = deferred<void>();
    async function* pieces() {
      yield 'x'.repeat(2_000);
      await gate.promise;
      yield 'end';
    }
    for (const type of ['text/event-stream', 'text/plain']) {
      const { ask, calls } = await site(() => ({ headers: { 'content-type': type }, body: pieces() }), {
        maxBodyBytes: 1_000,
      });
      const visits = [await ask(), await ask()];
      expect(calls()).toBe(2);
      await Promise.all(visits.map((visit) => visit.body?.cancel()));
    }
    gate.resolve();
  });

  test('a stream that breaks off is not kept', async () => {
    let whole = false;
    async function* pieces() {
      yield 'first ';
      await new Promise((resolve) => setImmediate(resolve));
      if (!whole) throw new Error('broken');
      yield 'second';
    }
    const { ask } = await site(() => ({ body: pieces() }));
    await expect(ask().then((response) => response.text())).rejects.toThrow();
    whole = true;
    expect(await (await ask()).text()).toBe('first second');
  });

  test('without a cache that works, requests pass', async () => {
    const cache = createCache({ name: 'http' });
    const { ask, calls } = await site({ body: 'text' }, { cache });
    await cache.close();
    for (const method of ['GET', 'HEAD', 'GET']) expect((await ask('/', {}, method)).status).toBe(200);
    expect(calls()).toBe(3);
  });

  test('an empty user is nobody, who has no private answers', async () => {
    const { ask, calls } = await site(
      { headers: { 'cache-control': 'private, max-age=60' }, body: 'mine' },
      { byUser: true },
    );
    for (let time = 0; time < 2; time += 1) await ask('/', { 'x-user': '' });
    for (let time = 0; time < 2; time += 1) await ask('/', { 'x-user': '', cookie: 'session=1' });
    expect(calls()).toBe(4);
  });

  test('vary may be empty: then all visitors get the same', async () => {
    const { ask, calls } = await site({ body: 'text' }, { vary: [] });
    await ask('/', { accept: 'text/html' });
    expect((await ask('/', { accept: 'application/json' })).headers.get('vary')).toBeNull();
    expect(calls()).toBe(1);
  });

  test('a handler that fails leaves nothing behind', async () => {
    let fail = true;
    const { ask } = await site(() => {
      if (fail) throw new Error('down');
      return { body: 'up' };
    });
    expect((await ask()).status).toBe(500);
    fail = false;
    expect(await (await ask()).text()).toBe('up');
  });
});
