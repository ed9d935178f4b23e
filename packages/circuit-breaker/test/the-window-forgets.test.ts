import { expect, test, vi } from 'vitest';
import { fail, makeBreaker, succeed } from './helpers.js';

test('T3 four failures, an idle hour and one more failure do not open the circuit', async () => {
  const { breaker, clock } = makeBreaker({ failureThreshold: 5, window: { ms: 1_000 } });
  await fail(breaker, 4);
  clock.advance(3_600_000);
  await fail(breaker);
  expect(breaker.state).toBe('closed');
  expect(breaker.stats()).toMatchObject({ windowCalls: 1, windowFailures: 1 });
});

test('T3 a gap of any length is right, also of exactly one window, one bucket or many windows', async () => {
  for (const gapMs of [1_000, 1_001, 1_099, 2_000, 10_000, 86_400_000]) {
    const { breaker, clock } = makeBreaker({ failureThreshold: 5, window: { ms: 1_000, buckets: 10 } });
    await fail(breaker, 4);
    clock.advance(gapMs);
    expect(breaker.stats()).toMatchObject({ windowCalls: 0, windowFailures: 0, failureRate: 0 });
  }
});

test('failures within the window add up across its buckets and leave one bucket at a time', async () => {
  const { breaker, clock } = makeBreaker({ failureThreshold: 50, window: { ms: 1_000, buckets: 10 } });
  for (let bucket = 0; bucket < 10; bucket += 1) {
    await fail(breaker);
    await succeed(breaker);
    clock.advance(100);
  }
  const seen: number[] = [];
  for (let bucket = 0; bucket < 10; bucket += 1) {
    seen.push(breaker.stats().windowFailures);
    clock.advance(100);
  }
  expect(seen).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
});

test('a closed circuit begins with an empty window', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(1_000);
  await succeed(breaker);
  expect(breaker.stats().windowFailures).toBe(0);
  await fail(breaker);
  expect(breaker.state).toBe('closed');
});

test('T4 the wall clock has no say: set back by an hour, an open circuit still opens its time', async () => {
  const { breaker, clock } = makeBreaker();
  const wallClock = vi.spyOn(Date, 'now').mockReturnValue(0);
  try {
    await fail(breaker, 2);
    wallClock.mockReturnValue(-3_600_000);
    clock.advance(1_000);
    await succeed(breaker);
    expect(breaker.state).toBe('closed');
    expect(wallClock).not.toHaveBeenCalled();
  } finally {
    wallClock.mockRestore();
  }
});

test('the closed circuit looks at the clock once a call, and not at the exact one', async () => {
  const { breaker, clock } = makeBreaker();
  const coarse = vi.spyOn(clock, 'coarseNow');
  const exact = vi.spyOn(clock, 'now');
  await succeed(breaker, 10);
  expect(coarse).toHaveBeenCalledTimes(10);
  expect(exact).not.toHaveBeenCalled();
});

test('the open circuit looks at the clock once a rejection', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(300);
  const coarse = vi.spyOn(clock, 'coarseNow');
  const exact = vi.spyOn(clock, 'now');
  const rejection = breaker.execute(async () => 'answer');
  await expect(rejection).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN', retryAfterMs: 700 });
  expect(breaker.tryAcquire()).toBeUndefined();
  expect(coarse).toHaveBeenCalledTimes(2);
  expect(exact).not.toHaveBeenCalled();
});

test('where slow calls are looked for, a call reads the exact clock twice and the coarse one never', async () => {
  const { breaker, clock } = makeBreaker({ slowCallMs: 200 });
  const coarse = vi.spyOn(clock, 'coarseNow');
  const exact = vi.spyOn(clock, 'now');
  await succeed(breaker, 10);
  expect(coarse).not.toHaveBeenCalled();
  expect(exact).toHaveBeenCalledTimes(20);
});
