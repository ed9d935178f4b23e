import { deadlinesOf, ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { isTimeoutError, pipeline, retry, TimeoutError, timeout } from '../src/index.js';
import { broken, deferred, settled, stateOf } from './helpers.js';

test('what takes too long is answered with a TimeoutError, whether or not it can be stopped', async () => {
  const clock = new ManualClock(0);
  const policy = timeout({ name: 'model-a', timeoutMs: 100, clock });
  const call = policy.execute(() => new Promise(() => {}));
  clock.advance(99);
  expect(await stateOf(call)).toBe('pending');
  clock.advance(1);
  const error = await call.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TimeoutError);
  expect(isTimeoutError({ code: 'ERR_TIMEOUT' })).toBe(true);
  expect(error).toMatchObject({
    name: 'TimeoutError',
    code: 'ERR_TIMEOUT',
    policyName: 'model-a',
    timeoutMs: 100,
    message: 'No answer within 100 ms ("model-a")',
  });
  expect(policy.stats()).toEqual({ succeeded: 0, failed: 0, timedOut: 1, aborted: 0, running: 0 });
});

test('a result or a rejection after the timeout changes nothing and is not left unhandled', async () => {
  const unhandled: unknown[] = [];
  const listen = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', listen);
  try {
    const clock = new ManualClock(0);
    const policy = timeout({ timeoutMs: 10, clock });
    const works = [deferred(), deferred()];
    const calls = works.map((work) => policy.execute(() => work.promise).catch((error: Error) => error.name));
    clock.advance(10);
    expect(await Promise.all(calls)).toEqual(['TimeoutError', 'TimeoutError']);
    works[0]?.reject(broken);
    works[1]?.resolve('late');
    await settled();
    await settled();
    expect(unhandled).toEqual([]);
    expect(policy.stats()).toMatchObject({ timedOut: 2, failed: 0, succeeded: 0, running: 0 });
  } finally {
    process.off('unhandledRejection', listen);
  }
});

test('nested timeouts: whose time is over first reports, and the other counts nothing of its own', async () => {
  for (const [outerMs, innerMs, reports] of [
    [100, 50, 'inner'],
    [50, 100, 'outer'],
    [50, 50, 'outer'],
  ] as const) {
    const clock = new ManualClock(0);
    const outer = timeout({ name: 'outer', timeoutMs: outerMs, clock });
    const inner = timeout({ name: 'inner', timeoutMs: innerMs, clock });
    const reasons: unknown[] = [];
    const call = pipeline(outer, inner).execute(({ signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      return new Promise(() => {});
    });
    const answered = call.catch((reason: unknown) => reason);
    await clock.advanceAsync(200);
    const error = await answered;
    expect(error).toMatchObject({ policyName: reports });
    // The work is told once, by the one that reported.
    expect(reasons).toEqual([error]);
    const own = { timedOut: reports === 'inner' ? 1 : 0, aborted: reports === 'inner' ? 0 : 1 };
    expect(inner.stats()).toMatchObject({ ...own, running: 0 });
    expect(outer.stats()).toMatchObject(
      reports === 'outer' ? { timedOut: 1, failed: 0 } : { timedOut: 0, failed: 1 },
    );
    expect(deadlinesOf(clock).size).toBe(0);
  }
});

test('a timeout around a retry ends its attempts and its waits', async () => {
  const clock = new ManualClock(0);
  let calls = 0;
  const call = pipeline(
    timeout({ name: 'whole', timeoutMs: 100, clock }),
    retry({ maxAttempts: 10, backoff: () => 1, clock }),
    timeout({ name: 'attempt', timeoutMs: 40, clock }),
  ).execute(() => {
    calls += 1;
    return new Promise(() => {});
  });
  call.catch(() => {});
  await clock.advanceAsync(1_000);
  await expect(call).rejects.toMatchObject({ policyName: 'whole' });
  expect(calls).toBe(3);
  expect(deadlinesOf(clock).size).toBe(0);
});

test('a time beyond the 24.8 days of a Node timer is kept, not turned into 1 ms', async () => {
  const days = 86_400_000;
  const clock = new ManualClock(0);
  const call = timeout({ timeoutMs: 30 * days, clock }).execute(() => new Promise(() => {}));
  clock.advance(30 * days - 1);
  expect(await stateOf(call)).toBe('pending');
  clock.advance(1);
  await expect(call).rejects.toSatisfy(isTimeoutError);

  const real = timeout({ timeoutMs: Number.MAX_SAFE_INTEGER });
  const slow = real.execute(() => new Promise((resolve) => setTimeout(resolve, 20, 'in time')));
  expect(await slow).toBe('in time');
});

test('all timeouts share one timer', () => {
  const clock = new ManualClock(0);
  const policies = [10, 20, 30].map((timeoutMs) => timeout({ timeoutMs, clock }));
  for (let call = 0; call < 300; call += 1) {
    policies[call % 3]?.execute(() => new Promise(() => {})).catch(() => {});
  }
  expect(clock.pendingTimers).toBe(1);
  clock.advance(30);
  expect(clock.pendingTimers).toBe(0);
});

test('an answer at the very instant of the timeout is one of the two, and counted once', async () => {
  const clock = new ManualClock(0);
  const policy = timeout({ timeoutMs: 10, clock });
  const work = deferred();
  const call = policy.execute(() => work.promise).catch((error: Error) => error.name);
  work.resolve('just in time');
  clock.advance(10);
  await settled();
  expect(await call).toBe('TimeoutError');
  expect(policy.stats()).toEqual({ succeeded: 0, failed: 0, timedOut: 1, aborted: 0, running: 0 });
});
