import { Readable } from 'node:stream';
import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { ManualClock } from '@mainstay/core';
import { Agent, type Dispatcher, fetch, interceptors, request, stream } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { fallback, type Guard, hedge, pipeline, retry, timeout } from '../src/index.js';
import { resilientInterceptor } from '../src/undici.js';
import { deferred } from './helpers.js';
import { serve, until } from './helpers-http.js';

const quick = (maxAttempts = 3) => retry({ maxAttempts, backoff: () => 1 });

function guarded(guard: Guard, options?: Agent.Options): Dispatcher {
  const agent = new Agent(options);
  onTestFinished(() => agent.destroy());
  return agent.compose(resilientInterceptor(guard));
}

test('a good answer comes through: status, headers, body', async () => {
  const { url } = await serve([{ headers: { 'x-model': 'a' }, body: 'x'.repeat(500_000) }]);
  const { statusCode, headers, body } = await request(url, { dispatcher: guarded(quick()) });
  expect([statusCode, headers['x-model'], (await body.text()).length]).toEqual([200, 'a', 500_000]);
});

test('5xx and 429 are failures: retried, counted by the breaker, and then the good answer', async () => {
  const { url, requests } = await serve([{ status: 503 }, { status: 429 }, { body: 'at last' }]);
  const breaker = new CircuitBreaker({ name: 'api', failureThreshold: 10 });
  const { statusCode, body } = await request(url, { dispatcher: guarded(pipeline(quick(), breaker)) });
  expect([statusCode, await body.text()]).toEqual([200, 'at last']);
  expect(requests).toHaveLength(3);
  expect(breaker.stats()).toMatchObject({ failed: 2, succeeded: 1 });
});

test('the last failing answer is the answer, with its body, whatever its size', async () => {
  const large = Buffer.alloc(2_000_000, 'x');
  const { url, requests } = await serve([
    { status: 503, body: 'first' },
    { status: 503, body: large },
  ]);
  const { statusCode, body } = await request(url, { dispatcher: guarded(quick(2)) });
  expect([statusCode, (await body.text()).length]).toEqual([503, 2_000_000]);
  expect(requests).toHaveLength(2);
});

test('HEAD and empty answers, which cannot be paused, arrive as well', async () => {
  const { url } = await serve([
    { status: 503, body: '' },
    { status: 204, body: '' },
  ]);
  const dispatcher = guarded(quick());
  const head = await request(url, { method: 'HEAD', dispatcher });
  expect([head.statusCode, await head.body.text()]).toEqual([204, '']);
  const failing = await serve([{ status: 500, body: '' }]);
  const empty = await request(failing.url, { method: 'HEAD', dispatcher });
  expect([empty.statusCode, await empty.body.text()]).toEqual([500, '']);
});

test('small answers that were replaced are drained and their connection is used again', async () => {
  const { url, requests } = await serve([
    { status: 503, body: 'a' },
    { status: 503, body: 'b' },
    { body: 'c' },
  ]);
  const dispatcher = guarded(retry({ backoff: () => 30 }), { connections: 1 });
  const { body } = await request(url, { dispatcher });
  expect(await body.text()).toBe('c');
  expect(new Set(requests.map(({ connection }) => connection)).size).toBe(1);
});

test('fetch and stream of undici go through it too', async () => {
  const { url } = await serve([{ status: 503 }, { body: 'fetched' }, { status: 503 }, { body: 'streamed' }]);
  const dispatcher = guarded(quick());
  expect(await (await fetch(url, { dispatcher })).text()).toBe('fetched');
  const chunks: Buffer[] = [];
  const { Writable } = await import('node:stream');
  await stream(url, { method: 'GET', dispatcher }, () => {
    return new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
  });
  expect(Buffer.concat(chunks).toString()).toBe('streamed');
});

test('it composes with the interceptors of undici', async () => {
  const { url, requests } = await serve([
    { status: 302, headers: { location: '/there' } },
    { status: 503 },
    { body: 'there' },
  ]);
  const agent = new Agent();
  onTestFinished(() => agent.destroy());
  const dispatcher = agent.compose(
    resilientInterceptor(quick()),
    interceptors.redirect({ maxRedirections: 2 }),
  );
  const { body } = await request(url, { dispatcher });
  expect(await body.text()).toBe('there');
  expect(requests).toHaveLength(3);
});

test('an open circuit and a refused connection reach the caller as errors', async () => {
  const { url, server } = await serve([{ status: 500 }]);
  const dispatcher = guarded(new CircuitBreaker({ name: 'api', consecutiveFailures: 1 }));
  const { statusCode, body } = await request(url, { dispatcher });
  await body.dump();
  expect(statusCode).toBe(500);
  await expect(request(url, { dispatcher })).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const policy = quick();
  await expect(request(url, { dispatcher: guarded(policy) })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(policy.stats()).toMatchObject({ retries: 2, failed: 1 });
});

test('a timeout ends the request and frees the connection, but never the body', async () => {
  const clock = new ManualClock(0);
  const rest = deferred();
  const server = await serve([{ hangs: true }, { bodyAfter: rest.promise, body: 'slow' }]);
  const dispatcher = guarded(pipeline(quick(2), timeout({ timeoutMs: 1_000, clock })));
  const call = request(server.url, { dispatcher });
  await until(() => server.requests.length === 1);
  clock.advance(1_000);
  const { body } = await call;
  await until(() => server.brokenOff === 1);
  const text = body.text();
  clock.advance(100_000);
  rest.resolve('');
  expect(await text).toBe('slow');
  expect(server.requests).toHaveLength(2);
});

test('the caller’s signal ends an attempt', async () => {
  const hanging = await serve([{ hangs: true }]);
  const controller = new AbortController();
  const call = request(hanging.url, { dispatcher: guarded(quick()), signal: controller.signal });
  call.catch(() => {});
  await until(() => hanging.requests.length === 1);
  controller.abort();
  await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  await until(() => hanging.brokenOff === 1);
});

test('the caller’s signal ends a wait before a retry', async () => {
  const failing = await serve([{ status: 503 }]);
  const patient = retry({ backoff: () => 60_000 });
  const controller = new AbortController();
  patient.on('retry', () => controller.abort());
  await expect(
    request(failing.url, { dispatcher: guarded(patient), signal: controller.signal }),
  ).rejects.toMatchObject({ name: 'AbortError' });
  expect(failing.requests).toHaveLength(1);
});

test('the caller’s signal ends a body', async () => {
  const slow = await serve([{ bodyAfter: new Promise(() => {}) }]);
  const controller = new AbortController();
  const { body } = await request(slow.url, { dispatcher: guarded(quick()), signal: controller.signal });
  const text = body.text();
  controller.abort();
  await expect(text).rejects.toMatchObject({ name: 'AbortError' });
});

test('a body of text is sent again, a stream is sent once', async () => {
  const { url, requests } = await serve([{ status: 503 }, {}]);
  const dispatcher = guarded(quick());
  const again = await request(url, { method: 'PUT', body: 'text', dispatcher });
  await again.body.dump();
  expect(again.statusCode).toBe(200);
  expect(requests.map(({ body }) => body)).toEqual(['text', 'text']);
  const busy = await serve([{ status: 503, body: 'busy' }]);
  const once = await request(busy.url, { method: 'PUT', body: Readable.from(['streamed']), dispatcher });
  expect([once.statusCode, await once.body.text()]).toEqual([503, 'busy']);
  expect(busy.requests.map(({ body }) => body)).toEqual(['streamed']);
});

test('an error while a stream is sent is no more than that: one failure, and itself', async () => {
  const { url, server } = await serve([{}]);
  await new Promise((resolve) => server.close(resolve));
  const policy = quick();
  const breaker = new CircuitBreaker({ name: 'api' });
  const body = Readable.from(['streamed']);
  const call = request(url, { method: 'PUT', body, dispatcher: guarded(pipeline(policy, breaker)) });
  await expect(call).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(policy.stats()).toMatchObject({ retries: 0, failed: 1 });
  expect(breaker.stats()).toMatchObject({ failed: 1 });
});

test('the faster of two hedged requests is the answer, the other is aborted', async () => {
  const clock = new ManualClock(0);
  const server = await serve([{ hangs: true }, { body: 'fast' }]);
  const call = request(server.url, { dispatcher: guarded(hedge({ delayMs: 30, clock })) });
  await until(() => server.requests.length === 1);
  clock.advance(30);
  expect(await (await call).body.text()).toBe('fast');
  expect(server.requests).toHaveLength(2);
  await until(() => server.brokenOff === 1);
});

test('a fallback cannot stand in for an answer, and says so', async () => {
  const { url } = await serve([{ status: 503 }]);
  const dispatcher = guarded(fallback(() => 'instead'));
  await expect(request(url, { dispatcher })).rejects.toThrow('cannot stand in for an answer');
});

test('an answer that breaks off in the middle breaks off for the caller', async () => {
  const { url, server } = await serve([
    { headers: { 'content-length': '100' }, bodyAfter: new Promise(() => {}) },
  ]);
  const { body } = await request(url, { dispatcher: guarded(quick()) });
  server.closeAllConnections();
  await expect(body.text()).rejects.toThrow();
});

test('isFailure that throws: the status decides, and the caller gets the answer', async () => {
  const { url, requests } = await serve([{ status: 503 }, { body: 'at last' }]);
  const agent = new Agent();
  onTestFinished(() => agent.destroy());
  const isFailure = () => {
    throw new Error('the judge is broken');
  };
  const dispatcher = agent.compose(resilientInterceptor(quick(), { isFailure }));
  const { statusCode, body } = await request(url, { dispatcher });
  expect([statusCode, await body.text(), requests.length]).toEqual([200, 'at last', 2]);
});

test.each(['GET', 'HEAD'] as const)(
  'a handler that throws at the answer to %s is told of its own error, and nothing is left unhandled',
  async (method) => {
    const { url } = await serve([{ body: 'hello' }]);
    const thrown = new Error('the factory is broken');
    const factory = () => {
      throw thrown;
    };
    await expect(stream(url, { method, dispatcher: guarded(quick()) }, factory)).rejects.toBe(thrown);
    const next = await request(url, { dispatcher: guarded(quick()) });
    expect(await next.body.text()).toBe('hello');
  },
);
