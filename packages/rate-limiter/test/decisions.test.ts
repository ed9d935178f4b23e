import { expect, expectTypeOf, test } from 'vitest';
import { type Decision, isRateLimitError, presets, RateLimiter } from '../src/index.js';
import { admitted, still } from './support/limiters.js';

test('a decision says everything that a caller can act on', async () => {
  const { limiter, clock } = still({ limit: 60, windowMs: 60_000 });
  const first = await limiter.consume('k');
  expect(first).toEqual({
    allowed: true,
    limit: 60,
    remaining: 5,
    retryAfterMs: 0,
    resetMs: 1_000,
    refillMs: 1_000,
    degraded: false,
    reason: undefined,
    policy: 'test',
    policies: undefined,
  });
  expectTypeOf(first).toEqualTypeOf<Decision>();
  expect(admitted(limiter, 10)).toBe(5);
  clock.advance(400);
  expect(await limiter.consume('k')).toMatchObject({
    allowed: false,
    remaining: 0,
    retryAfterMs: 600,
    resetMs: 5_600,
    reason: 'limit',
  });
  expect(limiter.stats()).toMatchObject({ allowed: 6, denied: 6, degraded: 0, keys: 1, store: 'memory' });
  expect([limiter.kind, limiter.name]).toEqual(['rate-limiter', 'test']);
});

test('the default is gcra with a tenth of the limit as its burst, and at least one', () => {
  expect(admitted(still({ limit: 100, windowMs: 1_000 }).limiter, 200)).toBe(10);
  expect(admitted(still({ limit: 3, windowMs: 1_000 }).limiter, 200)).toBe(1);
});

test('several limits are all or nothing', () => {
  const limits = [
    { name: 'second', limit: 2, windowMs: 1_000, algorithm: 'strict' as const },
    { name: 'day', limit: 5, windowMs: 86_400_000, algorithm: 'fixed' as const },
  ];
  const { limiter, clock } = still({ limits });
  expect(admitted(limiter, 2)).toBe(2);
  for (let attempt = 0; attempt < 100; attempt += 1) {
    expect(limiter.consumeSync('k')).toMatchObject({ allowed: false, policy: 'second' });
  }
  // The denied hundred used nothing of the day.
  clock.advance(1_200);
  const third = limiter.consumeSync('k');
  expect(third).toMatchObject({ allowed: true, policy: 'second', remaining: 1 });
  expect(third.policies?.map(({ policy, remaining }) => [policy, remaining])).toEqual([
    ['second', 1],
    ['day', 2],
  ]);
  expect(limiter.consumeSync('k').allowed).toBe(true);
  clock.advance(1_200);
  expect(limiter.consumeSync('k').allowed).toBe(true);
  expect(limiter.consumeSync('k')).toMatchObject({ allowed: false, policy: 'day', limit: 5 });
});

test('being limited is never an error; a cost that can never fit says so', async () => {
  const { limiter } = still({ limit: 50, windowMs: 1_000 });
  expect(await limiter.consume('k', { cost: 6 })).toMatchObject({
    allowed: false,
    retryAfterMs: Number.POSITIVE_INFINITY,
  });
  expect((await limiter.consume('k', { cost: 5 })).allowed).toBe(true);
});

test('a cost of 0 asks and uses nothing', () => {
  const { limiter } = still({ limit: 2, windowMs: 1_000, algorithm: 'strict' });
  for (let attempt = 0; attempt < 5; attempt += 1)
    expect(limiter.consumeSync('k', { cost: 0 })).toMatchObject({ allowed: true, remaining: 2 });
});

test('fractions of a unit add up', () => {
  const { limiter } = still({ limit: 100, windowMs: 60_000, burst: 1 });
  expect(admitted(limiter, 20, 'k', 0.1)).toBe(10);
});

test('a signal that is aborted rejects with its reason and uses nothing', async () => {
  const { limiter } = still();
  const reason = new Error('gone');
  await expect(limiter.consume('k', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  await expect(limiter.reserve('k', 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(limiter.stats().keys).toBe(0);
  expect((await limiter.consume('k', { signal: new AbortController().signal })).allowed).toBe(true);
});

test('wrong keys and costs are named', async () => {
  const { limiter } = still();
  for (const cost of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
    await expect(limiter.consume('k', { cost })).rejects.toThrow(RangeError);
    expect(() => limiter.consumeSync('k', { cost })).toThrow(`received ${cost}`);
  }
  await expect(limiter.consume(undefined as unknown as string)).rejects.toThrow(
    'the key of consume must be a string',
  );
  await expect(limiter.consume('k', { cost: '1' as unknown as number })).rejects.toThrow(TypeError);
});

test('wrong options are named', () => {
  const make = (options: object) => () =>
    new RateLimiter({ name: 'n', limit: 1, windowMs: 1_000, ...options });
  expect(make({ limit: 0 })).toThrow('RateLimiter: option "limit" must be a whole number from 1');
  expect(make({ windowMs: 400 * 86_400_000 + 1 })).toThrow('windowMs');
  expect(make({ windowMs: 0.5 })).toThrow('windowMs');
  expect(make({ limit: 1_001, windowMs: 1 })).toThrow('at most 1000 a millisecond');
  expect(make({ algorithm: 'sliding' })).toThrow('algorithm');
  expect(make({ algorithm: 'strict', burst: 3 })).toThrow('only gcra has a burst');
  expect(make({ subWindows: 3 })).toThrow('only strict has any');
  expect(make({ bursts: 3 })).toThrow('did you mean "burst"');
  expect(make({ store: {} })).toThrow('redisStore(client)');
  expect(make({ onStoreFailure: 'open' })).toThrow('onStoreFailure');
  expect(() => new RateLimiter({ name: 'n', limits: [] })).toThrow('limits');
  const twice = { name: 'same', limit: 1, windowMs: 1_000 };
  expect(() => new RateLimiter({ name: 'n', limits: [twice, twice] })).toThrow('must differ');
});

test('the presets for people are strict', () => {
  for (const preset of Object.values(presets)) expect(preset.algorithm).toBe('strict');
  const { limiter } = still(presets.login);
  expect(admitted(limiter, 50)).toBe(5);
});

test('a listener hears of denials, and one that throws changes nothing', () => {
  const { limiter } = still({ limit: 1, windowMs: 1_000 });
  const heard: string[] = [];
  const stop = limiter.on('denied', ({ name, key }) => heard.push(`${name} ${key}`));
  limiter.consumeSync('k');
  limiter.consumeSync('k');
  stop();
  limiter.consumeSync('k');
  expect(heard).toEqual(['test k']);
  expect(() => limiter.on('open' as 'denied', () => {})).toThrow('there is no event "open"');
});

test('a closed limiter says so', async () => {
  const { limiter } = still();
  await limiter.close();
  await limiter.close();
  const error = await limiter.consume('k').catch((caught: unknown) => caught);
  expect(isRateLimitError(error)).toBe(true);
  expect(error).toMatchObject({ code: 'ERR_RATE_LIMITER_CLOSED', limiter: 'test', name: 'RateLimitError' });
});

test('numbers are never minus zero, and what remains can be used', () => {
  for (const algorithm of ['gcra', 'strict', 'fixed'] as const) {
    const { limiter } = still({ limit: 10, windowMs: 1_000, algorithm });
    const { resetMs, refillMs, remaining } = limiter.consumeSync('k', { cost: 11 });
    for (const number of [resetMs, refillMs, remaining]) expect(Object.is(number, -0)).toBe(false);
  }
  const { limiter, clock } = still({ limit: 1, windowMs: 1_000, burst: 2 });
  for (let step = 0; step < 20_000; step += 1) {
    clock.advance(((step * 7_919) % 997) / 3);
    const { remaining } = limiter.consumeSync('k', { cost: 0 });
    expect(limiter.consumeSync('k').allowed).toBe(remaining >= 1);
  }
});

test('what is no signal is named', async () => {
  const { limiter } = still();
  await expect(limiter.consume('k', { signal: {} as AbortSignal })).rejects.toThrow('must be an AbortSignal');
});
