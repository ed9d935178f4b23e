import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { ManualClock } from '@mainstay/core';
import * as undici from 'undici';
import { expect, expectTypeOf, test } from 'vitest';
import { isHttpStatusError, resilientFetch } from '../src/fetch.js';
import { fallback, hedge, pipeline, retry, timeout } from '../src/index.js';
import { deferred } from './helpers.js';
import { serve, until } from './helpers-http.js';

const quick = (maxAttempts = 3) => retry({ maxAttempts, backoff: () => 1 });

test('it has the standard signature, and a good answer comes through', async () => {
  const { url, requests } = await serve([{ body: 'hello' }]);
  const guarded = resilientFetch(quick());
  expectTypeOf(guarded).toEqualTypeOf<typeof fetch>();
  for (const input of [url, new URL(url), new Request(url)]) {
    expect(await (await guarded(input)).text()).toBe('hello');
  }
  expect(requests).toHaveLength(3);
});

test.each([500, 502, 503, 504, 429])(
  '%i is a failure: retried, counted by the breaker, and then a good answer',
  async (status) => {
    const { url, requests } = await serve([{ status }, { status }, { body: 'at last' }]);
    const breaker = new CircuitBreaker({ name: 'api', failureThreshold: 10 });
    const response = await resilientFetch(pipeline(quick(), breaker))(url);
    expect([response.status, await response.text()]).toEqual([200, 'at last']);
    expect(requests).toHaveLength(3);
    expect(breaker.stats()).toMatchObject({ failed: 2, succeeded: 1 });
  },
);

test('the last failing answer is the answer, and its body can still be read', async () => {
  const large = 'x'.repeat(300_000);
  const { url, requests } = await serve([
    { status: 503, body: large },
    { status: 503, body: large },
    { status: 503, headers: { 'content-type': 'application/json' }, body: '{"error":"overloaded"}' },
  ]);
  const response = await resilientFetch(quick())(url);
  expect(response.status).toBe(503);
  expect(response.bodyUsed).toBe(false);
  expect(await response.json()).toEqual({ error: 'overloaded' });
  expect(requests).toHaveLength(3);
});

test('other statuses are answers: a 404 is not retried and does not count', async () => {
  const { url, requests } = await serve([{ status: 404, body: 'nothing here' }]);
  const breaker = new CircuitBreaker({ name: 'api' });
  const response = await resilientFetch(pipeline(quick(), breaker))(url);
  expect([response.status, await response.text()]).toEqual([404, 'nothing here']);
  expect(requests).toHaveLength(1);
  expect(breaker.stats()).toMatchObject({ succeeded: 1, failed: 0 });
});

test('isFailure decides', async () => {
  const { url, requests } = await serve([{ status: 404 }, { body: 'found' }]);
  const guarded = resilientFetch(quick(), { isFailure: ({ status }) => status === 404 });
  expect((await guarded(url)).status).toBe(200);
  expect(requests).toHaveLength(2);
});

test('Retry-After is waited for', async () => {
  const clock = new ManualClock(0);
  const { url, requests } = await serve([{ status: 429, headers: { 'retry-after': '20' } }, {}]);
  const patient = retry({ backoff: () => 1, clock });
  const waits: number[] = [];
  patient.on('retry', ({ delayMs }) => waits.push(delayMs));
  const call = resilientFetch(patient)(url);
  await until(() => clock.pendingTimers === 1);
  await clock.advanceAsync(19_999);
  expect(requests).toHaveLength(1);
  await clock.advanceAsync(2_001);
  expect((await call).status).toBe(200);
  expect(waits[0]).toBeGreaterThanOrEqual(20_000);
});

test('an open circuit rejects: there is no answer to give', async () => {
  const { url, requests } = await serve([{ status: 500 }]);
  const breaker = new CircuitBreaker({ name: 'api', consecutiveFailures: 1 });
  const guarded = resilientFetch(breaker);
  expect((await guarded(url)).status).toBe(500);
  await expect(guarded(url)).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
  expect(requests).toHaveLength(1);
});

test('a failure to connect is retried, and rejects as fetch does', async () => {
  const { url, server } = await serve([{}]);
  await new Promise((resolve) => server.close(resolve));
  const policy = quick();
  await expect(resilientFetch(policy)(url)).rejects.toThrow(new TypeError('fetch failed'));
  expect(policy.stats()).toMatchObject({ retries: 2, failed: 1 });
});

test('a timeout ends the request, but never the body', async () => {
  const clock = new ManualClock(0);
  const limited = resilientFetch(timeout({ timeoutMs: 1_000, clock }));
  const hanging = await serve([{ hangs: true }]);
  const call = limited(hanging.url);
  call.catch(() => {});
  await until(() => hanging.requests.length === 1);
  clock.advance(1_000);
  await expect(call).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  await until(() => hanging.brokenOff === 1);

  const body = deferred();
  const slowBody = await serve([{ bodyAfter: body.promise, body: 'worth waiting for' }]);
  const response = await limited(slowBody.url);
  const text = response.text();
  clock.advance(100_000);
  body.resolve('');
  expect(await text).toBe('worth waiting for');
});

test('the caller’s signal ends the request', async () => {
  const hanging = await serve([{ hangs: true }]);
  const guarded = resilientFetch(pipeline(timeout({ timeoutMs: 60_000 }), quick()));
  const controller = new AbortController();
  const call = guarded(hanging.url, { signal: controller.signal });
  call.catch(() => {});
  await until(() => hanging.requests.length === 1);
  controller.abort();
  await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  await until(() => hanging.brokenOff === 1);
});

test('the caller’s signal ends the wait for a retry', async () => {
  const failing = await serve([{ status: 503 }]);
  const patient = retry({ backoff: () => 60_000 });
  const controller = new AbortController();
  patient.on('retry', () => controller.abort());
  await expect(resilientFetch(patient)(failing.url, { signal: controller.signal })).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect(failing.requests).toHaveLength(1);
});

test.each(['init', 'request'] as const)('the caller’s signal in the %s ends the body', async (how) => {
  const { url } = await serve([{ bodyAfter: new Promise(() => {}) }]);
  const guarded = resilientFetch(pipeline(timeout({ timeoutMs: 60_000 }), quick()));
  const controller = new AbortController();
  const { signal } = controller;
  const response = await (how === 'init' ? guarded(url, { signal }) : guarded(new Request(url, { signal })));
  const body = response.text();
  controller.abort();
  await expect(body).rejects.toMatchObject({ name: 'AbortError' });
});

test('a body of text or bytes is sent again', async () => {
  for (const body of ['text', new TextEncoder().encode('text'), new Blob(['text'])]) {
    const { url, requests } = await serve([{ status: 503 }, {}]);
    const response = await resilientFetch(quick())(url, { method: 'PUT', body });
    expect(response.status).toBe(200);
    expect(requests.map((request) => request.body)).toEqual(['text', 'text']);
  }
});

test('a body that is a stream is sent once: the failing answer is the answer', async () => {
  const { url, requests } = await serve([{ status: 503, body: 'busy' }]);
  const stream = () => new Blob(['streamed']).stream();
  const init = { method: 'PUT', duplex: 'half' } as const;
  for (const call of [
    () => resilientFetch(quick())(url, { ...init, body: stream() }),
    () => resilientFetch(quick())(new Request(url, { ...init, body: stream() })),
  ]) {
    const response = await call();
    expect([response.status, await response.text()]).toEqual([503, 'busy']);
  }
  expect(requests.map(({ body }) => body)).toEqual(['streamed', 'streamed']);
});

test('a Request of another implementation is a Request: its body is sent once, its signal is heard', async () => {
  const { url, requests } = await serve([{ status: 503, body: 'busy' }]);
  const patient = retry({ backoff: () => 60_000 });
  const guarded = resilientFetch(patient, { fetch: undici.fetch as unknown as typeof fetch });
  const controller = new AbortController();
  const { signal } = controller;
  const withBody = new undici.Request(url, { method: 'PUT', body: 'text', signal });
  const response = await guarded(withBody as unknown as Request);
  expect([response.status, await response.text(), requests.length]).toEqual([503, 'busy', 1]);
  patient.on('retry', () => controller.abort());
  const call = guarded(new undici.Request(url, { signal }) as unknown as Request);
  await expect(call).rejects.toMatchObject({ name: 'AbortError' });
});

test('an error while a stream is sent is no more than that: one failure, and itself', async () => {
  const { url, server } = await serve([{}]);
  await new Promise((resolve) => server.close(resolve));
  const policy = quick();
  const breaker = new CircuitBreaker({ name: 'api' });
  const body = new Blob(['streamed']).stream();
  const call = resilientFetch(pipeline(policy, breaker))(url, { method: 'PUT', body, duplex: 'half' });
  await expect(call).rejects.toThrow(new TypeError('fetch failed'));
  expect(policy.stats()).toMatchObject({ retries: 0, failed: 1 });
  expect(breaker.stats()).toMatchObject({ failed: 1 });
});

test('a fallback stands in with a Response, and is told the answer that failed', async () => {
  const { url } = await serve([{ status: 500, body: 'the reason' }]);
  const guarded = resilientFetch(
    pipeline(
      fallback(async (error) => {
        const why = isHttpStatusError(error) ? await (error.response as Response).text() : 'unknown';
        return Response.json({ instead: why });
      }),
      quick(1),
    ),
  );
  const response = await guarded(url);
  expect(await response.json()).toEqual({ instead: 'the reason' });
});

test('a hedge that was overtaken is cancelled at the server, the body of the winner is whole', async () => {
  const clock = new ManualClock(0);
  const server = await serve([{ hangs: true }, { body: 'y'.repeat(200_000) }]);
  const call = resilientFetch(hedge({ delayMs: 30, clock }))(server.url);
  await until(() => server.requests.length === 1);
  clock.advance(30);
  const response = await call;
  await until(() => server.brokenOff === 1);
  expect((await response.text()).length).toBe(200_000);
  expect(server.requests).toHaveLength(2);
});

test('answers that were replaced are given up, so that they hold no connection', async () => {
  const body = 'z'.repeat(1_000_000);
  const { url, server } = await serve([{ status: 503, body }, { status: 503, body }, { body: 'ok' }]);
  expect(await (await resilientFetch(quick())(url)).text()).toBe('ok');
  let open = Number.POSITIVE_INFINITY;
  await until(() => {
    server.getConnections((_, count) => {
      open = count;
    });
    return open <= 1;
  });
});

test('isFailure that throws: the status decides, and the bodies that nobody gets are cancelled', async () => {
  let cancelled = 0;
  const statuses = [503, 503, 200];
  const guarded = resilientFetch(quick(), {
    fetch: async () => {
      const body = new ReadableStream({
        cancel() {
          cancelled += 1;
        },
      });
      return new Response(body, { status: statuses.shift() ?? 200 });
    },
    isFailure: () => {
      throw new Error('the judge is broken');
    },
  });
  expect((await guarded('http://never.example')).status).toBe(200);
  expect([statuses.length, cancelled]).toEqual([0, 2]);
});
