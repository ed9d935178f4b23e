import { ManualClock } from '@mainstay/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createCache } from '../src/index.js';
import { deferred, never, turn } from './support/helpers.js';
import { type Answer, frameworks, type Route, type Settings, type Site } from './support/http-servers.js';

const sites: Site[] = [];
afterEach(async () => {
  await Promise.all(sites.splice(0).map((site) => site.close()));
});

describe.each(Object.entries(frameworks))('%s', (_name, start) => {
  async function site(route: Route, settings: Partial<Settings> = {}) {
    const clock = new ManualClock();
    const cache = createCache({ name: 'http', ttlJitterRatio: 0, clock });
    const made = await start({ cache, ttlMs: 10_000, ...settings }, route);
    sites.push(made);
    const ask = (headers: Record<string, string> = {}): Promise<Response> => fetch(made.url, { headers });
    const body = async (headers?: Record<string, string>): Promise<string> => (await ask(headers)).text();
    return { ask, body, clock, cache };
  }

  test('staleMs: the stale response is answered at once, and one call of the handler refreshes it', async () => {
    const gate = deferred<void>();
    let calls = 0;
    const { body, clock, cache } = await site(
      async () => {
        calls += 1;
        const number = calls;
        if (number === 2) await gate.promise;
        return { body: `${number}` };
      },
      { staleMs: 10_000 },
    );
    expect(await body()).toBe('1');
    clock.advance(10_001);
    // The handler hangs, and nobody waits for it.
    expect([await body(), await body(), await body()]).toEqual(['1', '1', '1']);
    await vi.waitFor(() => expect(calls).toBe(2), { timeout: 30_000 });
    gate.resolve();
    await vi.waitFor(async () => expect(await body()).toBe('2'), { timeout: 30_000 });
    expect(calls).toBe(2);
    expect(cache.stats()).toMatchObject({ loads: 2, loadErrors: 0 });
    clock.advance(20_001);
    expect(await body()).toBe('3');
  });

  test("a response's stale-while-revalidate goes before staleMs, and must-revalidate forbids it", async () => {
    let [calls, control] = [0, 'max-age=10, stale-while-revalidate=60'];
    const { body, clock } = await site(() => ({
      headers: { 'cache-control': control },
      body: `${++calls}`,
    }));
    expect(await body()).toBe('1');
    clock.advance(69_000);
    control = 'max-age=10, must-revalidate, stale-while-revalidate=60';
    expect(await body()).toBe('1');
    await vi.waitFor(async () => expect(await body()).toBe('2'), { timeout: 30_000 });
    clock.advance(10_001);
    expect(await body()).toBe('3');
  });

  test('the refresh is the same request, of the same user, without what only the visitor has', async () => {
    const seen: unknown[] = [];
    const { ask, body, clock } = await site(
      ({ url, header }) => {
        seen.push([url, header('x-user'), header('authorization'), header('if-none-match')]);
        return { body: `${seen.length}` };
      },
      { staleMs: 10_000, byUser: true },
    );
    const me = { 'x-user': 'me', authorization: 'Bearer x' };
    const etag = (await ask(me)).headers.get('etag') ?? '';
    clock.advance(10_001);
    expect((await ask({ ...me, 'if-none-match': etag })).status).toBe(304);
    await vi.waitFor(async () => expect(await body(me)).toBe('2'), { timeout: 30_000 });
    expect(await body({ 'x-user': 'you' })).toBe('3');
    expect(seen).toEqual([
      ['/', 'me', 'Bearer x', undefined],
      ['/', 'me', 'Bearer x', undefined],
      ['/', 'you', undefined, undefined],
    ]);
  });

  test('a refresh that fails, or is never answered, leaves the stale response where it is', async () => {
    let answer: Answer | Promise<never> = { body: 'good' };
    const { body, clock, cache } = await site(() => answer, { staleMs: 600_000 });
    expect(await body()).toBe('good');
    clock.advance(10_001);
    answer = { status: 503, body: 'bad' };
    expect(await body()).toBe('good');
    await vi.waitFor(() => expect(cache.stats().loadErrors).toBe(1), { timeout: 30_000 });
    expect(await body()).toBe('good');
    clock.advance(1_001);
    answer = never();
    expect(await body()).toBe('good');
    clock.advance(30_001);
    await vi.waitFor(() => expect(cache.stats().loadErrors).toBe(2), { timeout: 30_000 });
    clock.advance(1_001);
    answer = { body: 'better' };
    expect(await body()).toBe('good');
    await vi.waitFor(async () => expect(await body()).toBe('better'), { timeout: 30_000 });
  });

  test('a refresh whose response must not be kept does not replace the stale one', async () => {
    let answer: Answer = { body: 'public' };
    const { body, clock, cache } = await site(() => answer, { staleMs: 20_000 });
    await body();
    clock.advance(10_001);
    answer = { headers: { 'set-cookie': 'mine=1' }, body: 'mine' };
    expect(await body()).toBe('public');
    await vi.waitFor(() => expect(cache.stats().loads).toBeGreaterThanOrEqual(2), { timeout: 30_000 });
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(await body()).toBe('public');
    clock.advance(20_001);
    expect(await body()).toBe('mine');
  });

  test('an invalidation beats a refresh that began before it', async () => {
    const gate = deferred<void>();
    let calls = 0;
    const { body, clock, cache } = await site(
      async () => {
        const number = ++calls;
        if (number === 2) await gate.promise;
        return { body: `${number}` };
      },
      { staleMs: 10_000, tags: ['products'] },
    );
    await body();
    clock.advance(10_001);
    expect(await body()).toBe('1');
    await vi.waitFor(() => expect(calls).toBe(2), { timeout: 30_000 });
    await cache.invalidateTags('products');
    gate.resolve();
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(await body()).toBe('3');
  });

  test('staleIfErrorMs: a status of 500 or more, or a handler that throws, is answered with the stale response', async () => {
    let answer: (() => Answer) | undefined = () => ({ headers: { 'x-own': 'good' }, body: 'good' });
    const route: Route = () => {
      if (answer === undefined) throw new Error('down');
      return answer();
    };
    const { ask, clock, cache } = await site(route, { staleIfErrorMs: 60_000 });
    await ask();
    for (const failing of [
      () => ({ status: 503, headers: { 'x-own': 'bad', 'x-bad': '1', 'retry-after': '5' }, body: 'bad' }),
      undefined,
    ]) {
      clock.advance(10_001);
      answer = failing;
      const response = await ask();
      expect([response.status, await response.text(), response.headers.get('x-own')]).toEqual([
        200,
        'good',
        'good',
      ]);
      expect([response.headers.get('x-bad'), response.headers.get('retry-after')]).toEqual([null, null]);
      expect(response.headers.get('age')).not.toBeNull();
    }
    // Once it failed, it is left in peace for a second.
    const { loads } = cache.stats();
    expect(await (await ask()).text()).toBe('good');
    expect(cache.stats().loads).toBe(loads);
    clock.advance(60_001);
    expect((await ask()).status).toBe(500);
  });

  test('without a stale response, and without being told, a failure is answered as it is', async () => {
    let status = 500;
    const { ask, clock } = await site(() => ({ status, body: `${status}` }));
    expect((await ask()).status).toBe(500);
    status = 200;
    await ask();
    clock.advance(10_001);
    status = 500;
    expect((await ask()).status).toBe(500);
  });

  test('sayCacheControl tells others how long', async () => {
    const { ask } = await site(({ url }) => ({ body: url }), {
      sayCacheControl: true,
      byUser: true,
      staleMs: 30_000,
      staleIfErrorMs: 60_000,
    });
    for (let time = 0; time < 2; time += 1) {
      expect((await ask()).headers.get('cache-control')).toBe(
        'public, max-age=10, stale-while-revalidate=30, stale-if-error=60',
      );
      expect((await ask({ 'x-user': 'me' })).headers.get('cache-control')).toMatch(/^private, max-age=10/);
    }
    const own = await site(() => ({ headers: { 'cache-control': 'max-age=5' }, body: '' }), {
      sayCacheControl: true,
    });
    expect((await own.ask()).headers.get('cache-control')).toBe('max-age=5');
    const passing = await site(() => ({ status: 302, headers: { location: '/' }, body: '' }), {
      sayCacheControl: true,
      ttlMs: 0,
    });
    expect((await fetch(sites.at(-1)?.url ?? '', { redirect: 'manual' })).headers.get('cache-control')).toBe(
      null,
    );
    expect(passing.cache.stats().entries).toBe(0);
  });
});
