import { expect } from 'vitest';
import type { LimitOptions, NamedLimit, RateLimiter } from '../../src/index.js';

export type Make = (options: LimitOptions | { limits: NamedLimit[] }) => Promise<RateLimiter>;

/** Lets time pass: the clock's, or the real one. */
export type Pass = (milliseconds: number) => Promise<void>;

const minute = 60_000;
const algorithms = ['gcra', 'strict', 'fixed'] as const;

async function count(limiter: RateLimiter, requests: number, key: string, cost = 1): Promise<number> {
  const decisions = await Promise.all(Array.from({ length: requests }, () => limiter.consume(key, { cost })));
  return decisions.filter(({ allowed }) => allowed).length;
}

/** What every store must do. Windows are long, so that it does not matter how long the test takes. */
export const conformance: Record<string, (make: Make, pass: Pass) => Promise<void>> = {
  'admits as much as fits, of each key for itself': async (make) => {
    for (const algorithm of algorithms) {
      const limiter = await make({
        limit: 10,
        windowMs: 60 * minute,
        algorithm,
        ...(algorithm === 'gcra' ? { burst: 10 } : {}),
      });
      expect(await count(limiter, 25, 'a')).toBe(10);
      expect(await count(limiter, 5, 'b')).toBe(5);
      expect(await limiter.consume('b', { cost: 0 })).toMatchObject({
        allowed: true,
        limit: 10,
        remaining: 5,
      });
    }
  },
  'uses nothing for a cost that is denied': async (make) => {
    for (const algorithm of algorithms) {
      const limiter = await make({
        limit: 10,
        windowMs: 60 * minute,
        algorithm,
        ...(algorithm === 'gcra' ? { burst: 10 } : {}),
      });
      await limiter.consume('k', { cost: 8 });
      for (let attempt = 0; attempt < 10; attempt += 1)
        expect(await limiter.consume('k', { cost: 5 })).toMatchObject({ allowed: false, remaining: 2 });
      expect(await limiter.consume('k', { cost: 2 })).toMatchObject({ allowed: true, remaining: 0 });
    }
  },
  'decides on several limits together': async (make) => {
    const limiter = await make({
      limits: [
        { name: 'hour', limit: 3, windowMs: 60 * minute, algorithm: 'strict' },
        { name: 'day', limit: 100, windowMs: 1_440 * minute, algorithm: 'fixed' },
        { name: 'smooth', limit: 1_000, windowMs: 60 * minute, burst: 50 },
      ],
    });
    expect(await count(limiter, 200, 'k')).toBe(3);
    const denied = await limiter.consume('k');
    expect(denied).toMatchObject({
      allowed: false,
      policy: 'hour',
      limit: 3,
      remaining: 0,
      reason: 'limit',
      degraded: false,
    });
    expect(denied.policies?.[1]).toMatchObject({ policy: 'day', remaining: 97 });
    expect(denied.retryAfterMs).toBeGreaterThan(59 * minute);
  },
  'says when there is more': async (make) => {
    const limiter = await make({ limit: 60, windowMs: 60 * minute, burst: 2 });
    await limiter.consume('k', { cost: 2 });
    const denied = await limiter.consume('k', { cost: 2 });
    expect(denied.allowed).toBe(false);
    for (const field of ['retryAfterMs', 'resetMs'] as const) {
      expect(denied[field]).toBeGreaterThan(1.9 * minute);
      expect(denied[field]).toBeLessThanOrEqual(2 * minute);
    }
    expect(denied.refillMs).toBeLessThanOrEqual(minute);
    expect(await limiter.consume('k', { cost: 3 })).toMatchObject({
      allowed: false,
      retryAfterMs: Number.POSITIVE_INFINITY,
    });
  },
  'settles a reservation at what it really cost': async (make) => {
    for (const algorithm of ['strict', 'fixed', 'gcra'] as const) {
      const limiter = await make({
        limit: 100,
        windowMs: 1_440 * minute,
        algorithm,
        ...(algorithm === 'gcra' ? { burst: 100 } : {}),
      });
      const cheap = await limiter.reserve('k', 80);
      expect([cheap.allowed, (await limiter.consume('k', { cost: 0 })).remaining]).toEqual([true, 20]);
      await cheap.settle(30);
      await cheap.settle(0);
      expect((await limiter.consume('k', { cost: 0 })).remaining).toBe(70);
      const dear = await limiter.reserve('k', 10);
      await dear.settle(110);
      expect(await limiter.consume('k')).toMatchObject({ allowed: false, remaining: 0 });
      const refused = await limiter.reserve('k', 10);
      expect(refused.allowed).toBe(false);
      await refused.settle(0);
      expect((await limiter.consume('k')).allowed).toBe(false);
    }
  },
  'a refund ends a denial that was remembered': async (make) => {
    const limiter = await make({ limit: 10, windowMs: 1_440 * minute, algorithm: 'strict' });
    const reservation = await limiter.reserve('k', 10);
    expect((await limiter.consume('k')).allowed).toBe(false);
    expect((await limiter.consume('k')).allowed).toBe(false);
    await reservation.settle(4);
    expect(await count(limiter, 10, 'k')).toBe(6);
  },
  'mixed costs at one moment are decided in their order': async (make) => {
    const limiter = await make({ limit: 10, windowMs: 60 * minute, algorithm: 'strict' });
    const decisions = await Promise.all([4, 4, 4, 1, 1, 1].map((cost) => limiter.consume('k', { cost })));
    expect(decisions.map(({ allowed }) => allowed)).toEqual([true, true, false, true, true, false]);
    expect(decisions.map(({ remaining }) => remaining)).toEqual([6, 2, 2, 1, 0, 0]);
  },
  'a window that is over is over': async (make, pass) => {
    for (const algorithm of algorithms) {
      const limiter = await make({
        limit: 2,
        windowMs: 200,
        algorithm,
        ...(algorithm === 'gcra' ? { burst: 2 } : {}),
      });
      // At one moment, so that no pause of the machine comes between them.
      const [first, second] = await Promise.all([
        limiter.consume('k', { cost: 2 }),
        limiter.consume('k', { cost: 2 }),
      ]);
      expect([first?.allowed, second?.allowed]).toEqual([true, false]);
      await pass((second?.retryAfterMs ?? 0) + 5);
      expect((await limiter.consume('k', { cost: 2 })).allowed).toBe(true);
    }
  },
};
