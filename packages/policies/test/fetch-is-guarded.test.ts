import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { expect, expectTypeOf, test } from 'vitest';
import { isHttpStatusError, resilientFetch } from '../src/fetch.js';
import { fallback, hedge, pipeline, retry, timeout } from '../src/index.js';
import { serve, sleep } from './helpers-http.js';

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
  const { url } = await serve([{ status: 429, headers: { 'retry-after': '0.2' } }, {}]);
  const started = performance.now();
  expect((await resilientFetch(quick())(url)).status).toBe(200);
  expect(performance.now() - started).toBeGreaterThanOrEqual(195);
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
  const hanging = await serve([{ afterMs: null }]);
  const limited = resilientFetch(timeout({ timeoutMs: 1_000 }));
  await expect(limited(hanging.url)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  const slowBody = await serve([{ bodyAfterMs: 1_300, body: 'worth waiting for' }]);
  const response = await limited(slowBody.url);
  expect(await response.text()).toBe('worth waiting for');
});

test('the caller’s signal ends the request, the wait for a retry, and the body', async () => {
  const hanging = await serve([{ afterMs: null }]);
  const guarded = resilientFetch(
    pipeline(timeout({ timeoutMs: 10_000 }), quick(), timeout({ timeoutMs: 5_000 })),
  );
  await expect(guarded(hanging.url, { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({
    name: 'TimeoutError',
  });

  const failing = await serve([{ status: 503 }]);
  const patient = resilientFetch(retry({ backoff: () => 60_000 }));
  await expect(patient(failing.url, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
    name: 'TimeoutError',
  });
  expect(failing.requests).toHaveLength(1);

  for (const how of ['init', 'request'] as const) {
    const slowBody = await serve([{ bodyAfterMs: 2_000 }]);
    const controller = new AbortController();
    const { signal } = controller;
    const response = await (how === 'init'
      ? guarded(slowBody.url, { signal })
      : guarded(new Request(slowBody.url, { signal })));
    const body = response.text();
    controller.abort();
    await expect(body).rejects.toMatchObject({ name: 'AbortError' });
  }
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
  const { url, requests, server } = await serve([{ afterMs: null }, { body: 'y'.repeat(200_000) }]);
  let closed = 0;
  server.on('request', (_request, response) =>
    response.on('close', () => (closed += response.writableFinished ? 0 : 1)),
  );
  const response = await resilientFetch(hedge({ delayMs: 30 }))(url);
  await sleep(50);
  expect((await response.text()).length).toBe(200_000);
  expect(requests).toHaveLength(2);
  expect(closed).toBe(1);
});

test('answers that were replaced are given up, so that they hold no connection', async () => {
  const body = 'z'.repeat(1_000_000);
  const { url, server } = await serve([{ status: 503, body }, { status: 503, body }, { body: 'ok' }]);
  expect(await (await resilientFetch(quick())(url)).text()).toBe('ok');
  const open = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
  for (let waited = 0; waited < 40 && (await open()) > 1; waited += 1) await sleep(50);
  expect(await open()).toBeLessThanOrEqual(1);
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
