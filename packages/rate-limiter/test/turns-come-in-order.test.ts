import { expect, test } from 'vitest';
import { still } from './support/limiters.js';
import { redisTest } from './support/redis.js';

test('whoever comes too early waits for the turn, first come first served', async () => {
  const { limiter, clock } = still({ limit: 10, windowMs: 1_000, burst: 1 });
  const done: string[] = [];
  const all = ['a', 'b', 'c'].map((name) =>
    limiter.schedule(() => {
      done.push(`${name} at ${clock.now()}`);
      return name;
    }),
  );
  await clock.advanceAsync(1);
  expect(limiter.stats().waiting).toBe(2);
  // One timer for everybody: two deadlines of callers, one turn, no timer each.
  expect(clock.pendingTimers).toBeLessThanOrEqual(1);
  await clock.advanceAsync(1_000);
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c']);
  expect(done).toEqual(['a at 1000', 'b at 1100', 'c at 1200']);
  expect(limiter.stats().waiting).toBe(0);
});

test('keys do not wait for each other', async () => {
  const { limiter } = still({ limit: 1, windowMs: 1_000 });
  await limiter.schedule(() => 1, { key: 'a' });
  const waiting = limiter.schedule(() => 2, { key: 'a' });
  expect(await limiter.schedule(() => 3, { key: 'b' })).toBe(3);
  await limiter.close();
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_RATE_LIMITER_CLOSED' });
});

test('a turn that is known to come too late is refused at once, and one that does not come when the time is over', async () => {
  const { limiter, clock } = still({ limit: 1, windowMs: 1_000 });
  await limiter.schedule(() => 1);
  await expect(limiter.schedule(() => 2, { timeoutMs: 999 })).rejects.toMatchObject({
    code: 'ERR_RATE_LIMIT_TIMEOUT',
    retryAfterMs: 1_000,
  });
  const first = limiter.schedule(() => 3, { timeoutMs: 1_500 });
  const second = limiter.schedule(() => 4, { timeoutMs: 1_500 });
  const outcome = second.catch((error: unknown) => error);
  await clock.advanceAsync(1_500);
  expect(await first).toBe(3);
  expect(await outcome).toMatchObject({ code: 'ERR_RATE_LIMIT_TIMEOUT' });
});

test('a caller that leaves makes room for those behind, and its function is never called', async () => {
  const { limiter, clock } = still({ limit: 10, windowMs: 1_000, algorithm: 'strict' });
  await limiter.schedule(() => 0, { cost: 9 });
  const controller = new AbortController();
  let called = false;
  const first = limiter.schedule(
    () => {
      called = true;
    },
    { cost: 5, signal: controller.signal },
  );
  const second = limiter.schedule(() => 'second', { cost: 1 });
  const reason = new Error('left');
  controller.abort(reason);
  await expect(first).rejects.toBe(reason);
  expect(await second).toBe('second');
  await clock.advanceAsync(5_000);
  expect(called).toBe(false);
});

test('the queue is bounded, and a cost that can never fit is refused at once', async () => {
  const { limiter } = still({ limit: 1, windowMs: 1_000, maxWaiting: 2 });
  await limiter.schedule(() => 0);
  const waiting = [limiter.schedule(() => 1), limiter.schedule(() => 2)];
  await expect(limiter.schedule(() => 3)).rejects.toMatchObject({
    code: 'ERR_RATE_LIMIT_QUEUE_FULL',
    limiter: 'test',
  });
  await Promise.all([
    limiter.close(),
    ...waiting.map((one) => expect(one).rejects.toThrow('test is closed')),
  ]);
  const other = still({ limit: 1, windowMs: 1_000 }).limiter;
  await expect(other.schedule(() => 0, { cost: 2 })).rejects.toMatchObject({
    code: 'ERR_RATE_LIMIT_IMPOSSIBLE',
  });
  await expect(other.schedule('x' as unknown as () => void)).rejects.toThrow(TypeError);
});

test('what the function throws comes out', async () => {
  const { limiter } = still({ burst: 5 });
  await expect(limiter.schedule(() => Promise.reject(new Error('inner')))).rejects.toThrow('inner');
  await expect(
    limiter.schedule(() => {
      throw new Error('thrown');
    }),
  ).rejects.toThrow('thrown');
});

test('behind somebody whose turn is known, what comes later than it may or never is refused at once', async () => {
  const { limiter, clock } = still({ limit: 2, windowMs: 3_000, algorithm: 'strict' });
  await limiter.schedule(() => 1, { cost: 2 });
  const first = limiter.schedule(() => 'first');
  expect(limiter.stats().waiting).toBe(1);
  await expect(limiter.schedule(() => 2, { timeoutMs: 500 })).rejects.toMatchObject({
    code: 'ERR_RATE_LIMIT_TIMEOUT',
  });
  await expect(limiter.schedule(() => 3, { cost: 3 })).rejects.toMatchObject({
    code: 'ERR_RATE_LIMIT_IMPOSSIBLE',
  });
  expect(limiter.stats().waiting).toBe(1);
  await clock.advanceAsync(4_000);
  expect(await first).toBe('first');
});

redisTest('turns of a shared limit come too', async (workshop) => {
  const { limiter } = await workshop.limiter({ limit: 20, windowMs: 1_000, algorithm: 'gcra', burst: 1 });
  const order: number[] = [];
  await Promise.all(
    Array.from({ length: 5 }, (_, turn) => limiter.schedule(() => order.push(turn), { key: 'k' })),
  );
  expect(order).toEqual([0, 1, 2, 3, 4]);
  // They waited: Redis denied the first four times that somebody was too early.
  expect(limiter.stats().denied).toBeGreaterThanOrEqual(4);
});
