import { deadlinesOf, ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { type HedgeOptions, hedge } from '../src/index.js';
import { broken, deferred, settled, stateOf } from './helpers.js';

/** A hedged call whose attempts are settled by hand. */
function hedgedCall(options: Partial<HedgeOptions> = {}) {
  const clock = new ManualClock(0);
  const policy = hedge({ delayMs: 100, ...options, clock });
  const attempts: (ReturnType<typeof deferred<string>> & { signal: AbortSignal })[] = [];
  const call = policy.execute(({ signal }) => {
    const attempt = { ...deferred(), signal };
    attempts.push(attempt);
    return attempt.promise;
  });
  call.catch(() => {});
  return { clock, policy, attempts, call };
}

test('a fast call is made once', async () => {
  const { clock, attempts, call, policy } = hedgedCall();
  clock.advance(99);
  attempts[0]?.resolve('first');
  expect(await call).toBe('first');
  clock.advance(1_000);
  expect(attempts).toHaveLength(1);
  expect(attempts[0]?.signal.aborted).toBe(false);
  expect(deadlinesOf(clock).size).toBe(0);
  expect(policy.stats()).toMatchObject({ succeeded: 1, hedges: 0, won: 0 });
});

test('the first success wins, the signals of the others are aborted, its own never', async () => {
  const { clock, attempts, call, policy } = hedgedCall({ maxHedges: 2 });
  clock.advance(100);
  clock.advance(100);
  clock.advance(1_000);
  expect(attempts).toHaveLength(3);
  attempts[1]?.resolve('second');
  expect(await call).toBe('second');
  expect(attempts.map(({ signal }) => signal.aborted)).toEqual([true, false, true]);
  expect(attempts[0]?.signal.reason).toMatchObject({ code: 'ERR_HEDGE_OVERTAKEN' });
  attempts[0]?.reject(broken);
  attempts[2]?.resolve('late');
  await settled();
  expect(policy.stats()).toMatchObject({ succeeded: 1, failed: 0, hedges: 2, won: 1 });
});

test('a failure waits for what still runs, and the last one is the answer when all have failed', async () => {
  const { clock, attempts, call, policy } = hedgedCall();
  clock.advance(100);
  attempts[1]?.reject(new Error('the hedge failed'));
  expect(await stateOf(call)).toBe('pending');
  attempts[0]?.reject(broken);
  await expect(call).rejects.toBe(broken);
  expect(policy.stats()).toMatchObject({ failed: 1, hedges: 1 });

  const rescued = hedgedCall();
  rescued.clock.advance(100);
  rescued.attempts[0]?.reject(broken);
  rescued.attempts[1]?.resolve('by the hedge');
  expect(await rescued.call).toBe('by the hedge');
});

test('a failure before the delay is the answer: it starts no hedge', async () => {
  const { clock, attempts, call } = hedgedCall();
  attempts[0]?.reject(broken);
  await expect(call).rejects.toBe(broken);
  clock.advance(1_000);
  expect(attempts).toHaveLength(1);
  expect(deadlinesOf(clock).size).toBe(0);
});

test('the delay may be a quantile of how long first attempts have lately taken', async () => {
  const clock = new ManualClock(0);
  const policy = hedge({ quantile: 0.9, clock });
  const call = async (ms: number) => {
    const running = policy.execute(() => new Promise((resolve) => clock.setTimer(() => resolve(ms), ms)));
    await clock.advanceAsync(ms);
    return running;
  };
  // Too little is known: no hedge, however slow.
  await call(10_000);
  expect(policy.stats()).toMatchObject({ delayMs: -1, hedges: 0 });
  for (let count = 1; count <= 400; count += 1) await call(count % 10 === 0 ? 200 : 20);
  const { delayMs } = policy.stats();
  expect(delayMs).toBeGreaterThanOrEqual(19.9);
  expect(delayMs).toBeLessThanOrEqual(201);

  let made = 0;
  const slow = policy.execute(() => {
    made += 1;
    return made === 1 ? new Promise(() => {}) : 'hedged';
  });
  await clock.advanceAsync(delayMs);
  expect(await slow).toBe('hedged');
});

test('until enough is known delayMs is used; what is learned forgets what is long past', async () => {
  const clock = new ManualClock(0);
  const policy = hedge({ quantile: 0.5, delayMs: 50, clock });
  expect(policy.stats().delayMs).toBe(50);
  const call = async (ms: number) => {
    const running = policy.execute(() => new Promise((resolve) => clock.setTimer(() => resolve(ms), ms)));
    clock.advance(ms);
    await running;
  };
  for (let count = 0; count < 100; count += 1) await call(10);
  expect(policy.stats().delayMs).toBeCloseTo(10, 0);
  for (let count = 0; count < 4_000; count += 1) await call(30);
  expect(policy.stats().delayMs).toBeCloseTo(30, 0);
});

test('a parent’s abort ends all attempts', async () => {
  const clock = new ManualClock(0);
  const controller = new AbortController();
  const signals: AbortSignal[] = [];
  const policy = hedge({ delayMs: 10, clock });
  const call = policy.execute(
    ({ signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    },
    { signal: controller.signal },
  );
  clock.advance(10);
  controller.abort(broken);
  await expect(call).rejects.toBe(broken);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  expect(policy.stats().aborted).toBe(1);
});

test('fn that aborts its own call leaves no deadline behind', async () => {
  const clock = new ManualClock(0);
  const controller = new AbortController();
  const policy = hedge({ delayMs: 60_000, clock });
  const call = policy.execute(
    () => {
      controller.abort(broken);
      return new Promise(() => {});
    },
    { signal: controller.signal },
  );
  await expect(call).rejects.toBe(broken);
  expect(deadlinesOf(clock).size).toBe(0);
});

test('a listener of hedge that aborts the call: nothing more is called, nothing is left, nothing warns', async () => {
  const warnings: Error[] = [];
  const heard = (warning: Error): void => void warnings.push(warning);
  process.on('warning', heard);
  const clock = new ManualClock(0);
  const controller = new AbortController();
  const policy = hedge({ delayMs: 100, maxHedges: 3, clock });
  policy.on('hedge', () => controller.abort(broken));
  let made = 0;
  const call = policy.execute(
    () => {
      made += 1;
      return new Promise(() => {});
    },
    { signal: controller.signal },
  );
  call.catch(() => {});
  clock.advance(1_000);
  await expect(call).rejects.toBe(broken);
  await settled();
  process.off('warning', heard);
  expect([made, deadlinesOf(clock).size, warnings]).toEqual([1, 0, []]);
});
