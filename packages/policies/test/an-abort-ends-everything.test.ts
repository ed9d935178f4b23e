import { getEventListeners } from 'node:events';
import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { deadlinesOf, ManualClock } from '@mainstay/core';
import { afterEach, expect, test, vi } from 'vitest';
import { adaptiveConcurrency, bulkhead, fallback, hedge, pipeline, retry, timeout } from '../src/index.js';
import { broken, deferred, settled, stateOf } from './helpers.js';

afterEach(() => {
  vi.restoreAllMocks();
});

test('T10: an abort during the backoff settles at once, and fn is never called again', async () => {
  const clock = new ManualClock(1);
  const controller = new AbortController();
  let calls = 0;
  const policy = retry({ maxAttempts: 5, backoff: () => 150, clock });
  const call = policy.execute(
    () => {
      calls += 1;
      return Promise.reject(broken);
    },
    { signal: controller.signal },
  );
  await settled();
  clock.advance(20);
  controller.abort('no longer wanted');
  expect(await stateOf(call)).toEqual({ error: 'no longer wanted' });
  expect(deadlinesOf(clock).size).toBe(0);
  clock.advance(10_000);
  await settled();
  expect(calls).toBe(1);
  expect(policy.stats()).toMatchObject({ aborted: 1, failed: 0, retries: 1 });
});

test('an abort while an attempt runs is followed by no other', async () => {
  const clock = new ManualClock(1);
  const controller = new AbortController();
  let calls = 0;
  const call = retry({ backoff: () => 1, clock }).execute(
    ({ signal }) => {
      calls += 1;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
    { signal: controller.signal },
  );
  controller.abort(broken);
  await expect(call).rejects.toBe(broken);
  await clock.advanceAsync(1_000);
  expect(calls).toBe(1);
});

test('T11: 50 parallel calls on one long-lived signal are one listener, and none afterwards', async () => {
  const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const clock = new ManualClock(1);
  const { signal } = new AbortController();
  const work = deferred();
  const whole = pipeline(
    timeout({ timeoutMs: 5_000, clock }),
    retry({ clock }),
    hedge({ delayMs: 500, clock }),
    new CircuitBreaker({ name: 'model-a' }),
    bulkhead({ maxConcurrent: 30, maxQueued: 20, clock }),
    timeout({ timeoutMs: 1_000, clock }),
  );
  const calls = Array.from({ length: 50 }, () =>
    whole.execute((context) => (context.signal.aborted ? 'too late' : work.promise), { signal }),
  );
  await settled();
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  work.resolve('done');
  expect(await Promise.all(calls)).toEqual(calls.map(() => 'done'));
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  expect(deadlinesOf(clock).size).toBe(0);
  expect(warnings).not.toHaveBeenCalled();
});

test('an abort leaves no listener and no deadline, although the work goes on', async () => {
  const clock = new ManualClock(1);
  const controller = new AbortController();
  const whole = pipeline(
    timeout({ timeoutMs: 5_000, clock }),
    hedge({ delayMs: 500, clock }),
    timeout({ timeoutMs: 1_000, clock }),
  );
  const call = whole.execute(() => new Promise(() => {}), { signal: controller.signal });
  await settled();
  expect(deadlinesOf(clock).size).toBe(3);
  controller.abort(broken);
  expect(await stateOf(call)).toEqual({ error: broken });
  expect(deadlinesOf(clock).size).toBe(0);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
});

test.each([
  ['bulkhead', (clock: ManualClock) => bulkhead({ maxConcurrent: 1, maxQueued: 2, clock })],
  [
    'adaptive limit',
    (clock: ManualClock) => adaptiveConcurrency({ initialLimit: 1, minLimit: 1, maxQueued: 2, clock }),
  ],
])('a call that waits in a %s leaves its queue when it is aborted', async (_, make) => {
  const clock = new ManualClock(1);
  const policy = make(clock);
  const first = deferred();
  const running = policy.execute(() => first.promise);
  const controller = new AbortController();
  let called = false;
  const left = policy.execute(
    () => {
      called = true;
    },
    { signal: controller.signal },
  );
  const next = policy.execute(() => 'next');
  expect(policy.stats()).toMatchObject({ running: 1, queued: 2 });
  controller.abort(broken);
  expect(await stateOf(left)).toEqual({ error: broken });
  expect(policy.stats()).toMatchObject({ queued: 1, aborted: 1, rejected: 0 });
  first.resolve('done');
  expect(await Promise.all([running, next])).toEqual(['done', 'next']);
  expect(called).toBe(false);
  expect(policy.stats()).toMatchObject({ running: 0, queued: 0 });
});

test('whenever between the turn and the call the abort comes, the place is given back', async () => {
  const outcomes = new Set<string>();
  for (let microtasks = 0; microtasks < 8; microtasks += 1) {
    const policy = bulkhead({ maxConcurrent: 1, maxQueued: 1 });
    const first = deferred();
    const controller = new AbortController();
    const running = policy.execute(() => first.promise);
    let called = false;
    const waiting = policy.execute(
      () => {
        called = true;
      },
      { signal: controller.signal },
    );
    first.resolve('done');
    for (let passed = 0; passed < microtasks; passed += 1) await undefined;
    controller.abort(broken);
    const before = called;
    const answer = await waiting.catch(() => 'aborted');
    await running;
    await settled();
    expect(policy.stats()).toMatchObject({ running: 0, queued: 0 });
    // Nothing is called after an abort.
    expect(called).toBe(before);
    outcomes.add(`${called} ${answer}`);
  }
  expect([...outcomes]).toContain('false aborted');
});

test('no fallback is asked after an abort', async () => {
  const controller = new AbortController();
  let asked = 0;
  const policy = fallback(() => {
    asked += 1;
    return 'instead';
  });
  const work = deferred();
  const call = policy.execute(() => work.promise, { signal: controller.signal });
  controller.abort('gone');
  await expect(call).rejects.toBe('gone');
  work.reject(broken);
  await settled();
  expect(asked).toBe(0);
  expect(policy.stats().aborted).toBe(1);
});

test('T13: a caller who goes away is counted for nothing by a breaker in the pipeline', async () => {
  const breaker = new CircuitBreaker({ name: 'model-a', consecutiveFailures: 1 });
  const whole = pipeline(retry(), breaker, timeout({ timeoutMs: 1_000 }));
  for (let count = 0; count < 3; count += 1) {
    const controller = new AbortController();
    const call = whole.execute(
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      { signal: controller.signal },
    );
    controller.abort(broken);
    await expect(call).rejects.toBe(broken);
  }
  await settled();
  expect(breaker.stats()).toMatchObject({ state: 'closed', failed: 0, ignored: 3 });
});

test('a hedge that was overtaken is counted for nothing by a breaker inside', async () => {
  const clock = new ManualClock(1);
  const breaker = new CircuitBreaker({ name: 'model-a', consecutiveFailures: 1 });
  const whole = pipeline(hedge({ delayMs: 10, clock }), breaker);
  let attempt = 0;
  const call = whole.execute(({ signal }) => {
    attempt += 1;
    if (attempt === 2) return 'fast';
    return new Promise<string>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  await clock.advanceAsync(10);
  expect(await call).toBe('fast');
  await settled();
  expect(breaker.stats()).toMatchObject({ state: 'closed', succeeded: 1, failed: 0, ignored: 1 });
});

test('what a timeout around a breaker gives up is a failure to the breaker, once the work has ended', async () => {
  const clock = new ManualClock(1);
  const breaker = new CircuitBreaker({ name: 'model-a' });
  const call = pipeline(timeout({ timeoutMs: 10, clock }), breaker).execute(
    ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  clock.advance(10);
  await expect(call).rejects.toThrow('No answer within 10 ms');
  await settled();
  expect(breaker.stats()).toMatchObject({ failed: 1, ignored: 0 });
});
