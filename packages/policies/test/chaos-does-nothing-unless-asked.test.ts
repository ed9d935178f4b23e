import { ManualClock } from '@mainstay/core';
import { expect, expectTypeOf, test } from 'vitest';
import { chaos } from '../src/chaos.js';
import { pipeline, retry, timeout } from '../src/index.js';
import { settled, stateOf } from './helpers.js';

const everything = {
  latency: { rate: 1, maxMs: 1_000 },
  fault: { rate: 1 },
  outcome: { rate: 1, result: () => 'injected' },
};

test('with every rate at 1 and nobody asking, calls go through untouched', async () => {
  const policy = chaos(everything);
  expect(await policy.execute(() => 'real')).toBe('real');
  expect(await chaos({ ...everything, enabled: () => false }).execute(() => 'real')).toBe('real');
  expect(await chaos({ enabled: true }).execute(() => 'real')).toBe('real');
  expect(policy.stats()).toEqual({ calls: 1, delayed: 0, faulted: 0, replaced: 0 });
});

test('it can be switched while it runs; a switch that throws, or says neither, is off', async () => {
  let on = false;
  const policy = chaos({ enabled: () => on, outcome: { rate: 1, result: () => 'injected' } });
  expect(await policy.execute(() => 'real')).toBe('real');
  on = true;
  expect(await policy.execute(() => 'real')).toBe('injected');
  const vague = chaos({ enabled: (() => 'yes') as never, fault: { rate: 1 } });
  expect(await vague.execute(() => 'real')).toBe('real');
});

test('each share is what its rate says', async () => {
  let seed = 42;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const policy = chaos({
    enabled: true,
    fault: { rate: 0.2, error: () => new RangeError('injected') },
    outcome: { rate: 0.5, result: () => 'injected' },
    random,
  });
  const seen: Record<string, number> = { real: 0, injected: 0, RangeError: 0 };
  for (let call = 0; call < 4_000; call += 1) {
    const result = await policy.execute(() => 'real').catch((error: Error) => error.name);
    seen[result] = (seen[result] ?? 0) + 1;
  }
  expect(seen.RangeError).toBeGreaterThan(600);
  expect(seen.RangeError).toBeLessThan(1_000);
  expect(seen.injected).toBeGreaterThan(1_400);
  expect(seen.injected).toBeLessThan(1_800);
  expect(policy.stats()).toMatchObject({ faulted: seen.RangeError, replaced: seen.injected });
});

test('latency is between minMs and maxMs, ends with an abort, and comes before a timeout around it', async () => {
  const clock = new ManualClock(0);
  const slow = chaos({
    enabled: true,
    latency: { rate: 1, minMs: 200, maxMs: 400 },
    random: () => 0.5,
    clock,
  });
  let called = false;
  const call = slow.execute(() => {
    called = true;
    return 'late';
  });
  clock.advance(299);
  expect(await stateOf(call)).toBe('pending');
  expect(called).toBe(false);
  clock.advance(1);
  expect(await call).toBe('late');

  const limited = pipeline(timeout({ timeoutMs: 100, clock }), slow).execute(() => 'never');
  clock.advance(100);
  await expect(limited).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  await settled();
  expect(clock.pendingTimers).toBeLessThanOrEqual(1);
});

test('what is injected is what the rest of the pipeline sees', async () => {
  const clock = new ManualClock(0);
  const whole = pipeline(retry({ maxAttempts: 3, clock }), chaos({ enabled: true, fault: { rate: 1 } }));
  const call = whole.execute(() => 'real').catch((error: { code: string }) => error.code);
  await clock.advanceAsync(100_000);
  expect(await call).toBe('ERR_CHAOS');
  expectTypeOf(chaos({ outcome: { rate: 1, result: () => 404 } }).execute(() => 'a')).toEqualTypeOf<
    Promise<string | number>
  >();
});
