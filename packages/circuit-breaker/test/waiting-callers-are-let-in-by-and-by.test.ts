import { getEventListeners } from 'node:events';
import type { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { type CircuitBreaker, isCircuitOpenError } from '../src/index.js';
import { broken, type Deferred, deferred, fail, makeBreaker, settled, succeed } from './helpers.js';

const waiting = { maxQueued: 100, timeoutMs: 5_000 };
const halfOpen = { probes: 1, leaseMs: 10_000, waiting };

/** Callers whose calls have begun stand in `running`, in that order. */
function callers(breaker: CircuitBreaker, count: number, signal?: AbortSignal) {
  const running: Deferred<string>[] = [];
  const calls = Array.from({ length: count }, () =>
    breaker.execute(
      () => {
        const work = deferred<string>();
        running.push(work);
        return work.promise;
      },
      { signal },
    ),
  );
  const results = Promise.allSettled(calls);
  return { running, results };
}

async function opened(options: object = {}) {
  const made = makeBreaker({ halfOpen, ...options });
  await fail(made.breaker, 2);
  return made;
}

async function halfOpened(options: object = {}) {
  const made = await opened(options);
  made.clock.advance(1_000);
  return made;
}

test('T2c after the recovery the line is let in two for each success, never at once', async () => {
  const { breaker } = await halfOpened();
  const { running, results } = callers(breaker, 101);
  await settled();
  expect(running).toHaveLength(1);
  expect(breaker.stats().waiting).toBe(100);

  const atOnce: number[] = [];
  let ended = 0;
  while (running.length < 101) {
    const begun = running.slice(ended);
    atOnce.push(begun.length);
    ended += begun.length;
    for (const call of begun) call.resolve('answer');
    await settled();
  }
  expect(atOnce).toEqual([1, 2, 4, 8, 16, 32]);
  for (const call of running) call.resolve('answer');
  expect((await results).every(({ status }) => status === 'fulfilled')).toBe(true);
  expect(breaker.stats()).toMatchObject({ state: 'closed', waiting: 0, rejected: 0, succeeded: 101 });
});

test('a failed probe sends the line away at once, with the time to come back', async () => {
  const { breaker } = await halfOpened();
  const { running, results } = callers(breaker, 11);
  await settled();
  running[0]?.reject(broken);
  const reasons = (await results).map((result) => (result.status === 'rejected' ? result.reason : undefined));
  expect(reasons[0]).toBe(broken);
  for (const reason of reasons.slice(1)) {
    expect(reason).toMatchObject({ code: 'ERR_CIRCUIT_OPEN', state: 'open', retryAfterMs: 2_000 });
  }
  expect(breaker.stats()).toMatchObject({ rejected: 10, waiting: 0 });
});

test('when the circuit opens again while the line is let in, the rest is sent away', async () => {
  const { breaker } = await halfOpened();
  const { running, results } = callers(breaker, 8);
  await settled();
  running[0]?.resolve('answer');
  await settled();
  expect(running).toHaveLength(3);
  for (const call of running) call.reject(broken);
  await settled();
  expect(breaker.stats()).toMatchObject({ state: 'open', waiting: 0 });
  for (const call of running) call.reject(broken);
  expect((await results).filter(({ status }) => status === 'rejected')).toHaveLength(7);
});

test('the line is as long as maxQueued; who comes to a full one, or to an open circuit, is turned away at once', async () => {
  const { breaker, clock } = await opened();
  await expect(breaker.execute(async () => 1)).rejects.toMatchObject({ state: 'open' });
  clock.advance(1_000);
  callers(breaker, 101);
  await expect(breaker.execute(async () => 1)).rejects.toMatchObject({ state: 'half-open' });
  expect(breaker.stats()).toMatchObject({ waiting: 100, rejected: 2 });
});

test('nobody waits longer than timeoutMs, and those who came together are not let in together', async () => {
  const { breaker, clock } = await halfOpened();
  const { running, results } = callers(breaker, 11);
  clock.advance(4_999);
  await settled();
  expect(breaker.stats().waiting).toBe(10);
  running[0]?.resolve('answer');
  await settled();
  expect(running).toHaveLength(3);
  clock.advance(1);
  await settled();
  expect(running).toHaveLength(3);
  for (const call of running) call.resolve('answer');
  const turnedAway = (await results).filter((result) => result.status === 'rejected');
  expect(turnedAway).toHaveLength(8);
  for (const { reason } of turnedAway) expect(reason).toMatchObject({ state: 'half-open', retryAfterMs: 0 });
  expect(breaker.stats()).toMatchObject({ state: 'closed', waiting: 0, rejected: 8 });
  expect(clock.pendingTimers).toBeLessThanOrEqual(1);
});

test('T2 an abort ends the wait at once, counts nothing, calls nothing and leaves no listener', async () => {
  const { breaker } = await halfOpened();
  const probe = callers(breaker, 1);
  const controller = new AbortController();
  const { running, results } = callers(breaker, 10, controller.signal);
  await settled();
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
  controller.abort();
  for (const result of await results) expect(result).toMatchObject({ reason: controller.signal.reason });
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  probe.running[0]?.resolve('answer');
  await settled();
  expect(running).toHaveLength(0);
  expect(breaker.stats()).toMatchObject({ waiting: 0, ignored: 0, rejected: 0, succeeded: 1 });
});

test('who is let in and leaves before the call is made gives the place to the next', async () => {
  const { breaker } = await halfOpened();
  const probe = breaker.tryAcquire();
  const controller = new AbortController();
  const leaver = callers(breaker, 1, controller.signal);
  const patient = callers(breaker, 1);
  probe?.ignore();
  controller.abort();
  expect((await leaver.results)[0]).toMatchObject({ reason: controller.signal.reason });
  await settled();
  expect(leaver.running).toHaveLength(0);
  expect(patient.running).toHaveLength(1);
  expect(breaker.stats()).toMatchObject({ state: 'half-open', ignored: 2, waiting: 0 });
});

test('the first of the line takes the place that a probe gives back', async () => {
  const { breaker } = await halfOpened();
  const controller = new AbortController();
  callers(breaker, 1, controller.signal);
  const { running } = callers(breaker, 3);
  controller.abort();
  await settled();
  expect(running).toHaveLength(1);
  expect(breaker.stats()).toMatchObject({ state: 'half-open', waiting: 2, ignored: 1 });
});

test('T2 the lease of a hung probe passes to the line though nobody else calls', async () => {
  const { breaker, clock } = await halfOpened({
    halfOpen: { probes: 2, successThreshold: 2, leaseMs: 1_000, waiting: { timeoutMs: 60_000 } },
  });
  callers(breaker, 2);
  const { running } = callers(breaker, 10);
  clock.advance(999);
  await settled();
  expect(running).toHaveLength(0);
  clock.advance(1);
  await settled();
  expect(running).toHaveLength(2);
  running[0]?.resolve('answer');
  running[1]?.resolve('answer');
  await settled();
  expect(breaker.state).toBe('closed');
  expect(running).toHaveLength(4);
});

test('the ramp turns its callers away at once, and lets the line in by two for each success', async () => {
  const { breaker } = await halfOpened({ ramp: { steps: [0.1], stepMs: 1_000 } });
  const { running } = callers(breaker, 4);
  await settled();
  running[0]?.resolve('answer');
  await settled();
  expect(breaker.stats()).toMatchObject({ state: 'half-open', waiting: 1 });
  expect(running).toHaveLength(3);
  const later = await Promise.allSettled([1, 2, 3].map(() => breaker.execute(async () => 'answer')));
  expect(later.filter(({ status }) => status === 'rejected')).toHaveLength(2);
});

test('isolate sends the line away, and reset lets it in by two', async () => {
  for (const how of ['isolate', 'reset'] as const) {
    const { breaker } = await halfOpened();
    const { running } = callers(breaker, 6);
    await settled();
    breaker[how]();
    await settled();
    expect(running).toHaveLength(how === 'isolate' ? 1 : 3);
    expect(breaker.stats().waiting).toBe(how === 'isolate' ? 0 : 3);
  }
});

test('a permit is never waited for, and without the option nobody waits', async () => {
  const { breaker } = await halfOpened();
  callers(breaker, 2);
  expect(breaker.tryAcquire()).toBeUndefined();
  const impatient = makeBreaker();
  await fail(impatient.breaker, 2);
  impatient.clock.advance(1_000);
  callers(impatient.breaker, 1);
  await expect(impatient.breaker.execute(async () => 1)).rejects.toSatisfy(isCircuitOpenError);
});

test('what has waited runs in its own caller’s turn and counts like any call', async () => {
  const { breaker } = await halfOpened();
  const probe = callers(breaker, 1);
  const synchronous = breaker.execute(() => {
    throw broken;
  });
  synchronous.catch(() => {});
  probe.running[0]?.resolve('answer');
  await expect(synchronous).rejects.toBe(broken);
  await succeed(breaker);
  expect(breaker.stats()).toMatchObject({ failed: 3, succeeded: 2 });
});

test('waiting needs a clock with timers, and its limits are checked', () => {
  const { now, coarseNow } = { now: () => 0, coarseNow: () => 0 };
  const clock = { now, coarseNow } as unknown as ManualClock;
  expect(() => makeBreaker({ clock, halfOpen })).toThrow('option "clock" must have setTimer()');
  expect(() => makeBreaker({ halfOpen: { waiting: { maxQueued: 0 } } })).toThrow(
    'option "halfOpen.waiting.maxQueued"',
  );
  expect(() => makeBreaker({ halfOpen: { waiting: { timeoutMs: Infinity } } })).toThrow(
    'option "halfOpen.waiting.timeoutMs"',
  );
  expect(() => makeBreaker({ halfOpen: { waiting: { maxWaiting: 1 } as object } })).toThrow('unknown option');
});

test('who was let in, but was not yet called when the circuit was isolated, is turned away', async () => {
  const { breaker } = await halfOpened();
  const probe = breaker.tryAcquire();
  const { running, results } = callers(breaker, 1);
  probe?.ignore();
  breaker.isolate();
  const [result] = await results;
  expect(running).toHaveLength(0);
  expect(result).toMatchObject({
    status: 'rejected',
    reason: { code: 'ERR_CIRCUIT_OPEN', state: 'isolated' },
  });
  breaker.release();
  expect(breaker.stats()).toMatchObject({ state: 'closed', waiting: 0 });
});
