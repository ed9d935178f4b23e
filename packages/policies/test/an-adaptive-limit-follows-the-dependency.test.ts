import { ManualClock } from '@mainstay/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AdaptiveConcurrencyOptions, adaptiveConcurrency, type Priority } from '../src/index.js';
import { broken, deferred, settled } from './helpers.js';

/** A dependency that serves `capacity` calls in `serviceMs`, and slows down in proportion above that. */
function dependency(clock: ManualClock, capacity: () => number, serviceMs = 50) {
  let running = 0;
  return () =>
    new Promise<void>((resolve) => {
      running += 1;
      const ms = serviceMs * Math.max(1, running / capacity());
      clock.setTimer(() => {
        running -= 1;
        resolve();
      }, ms);
    });
}

function quiet(clock: ManualClock, options: AdaptiveConcurrencyOptions = {}) {
  return adaptiveConcurrency({ eventLoopDelay: { read: () => 0 }, ...options, clock });
}

/** Offers more calls than the limit admits, for some time. */
async function offer(
  policy: ReturnType<typeof adaptiveConcurrency>,
  clock: ManualClock,
  work: () => Promise<unknown>,
  ms: number,
): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10) {
    for (let call = policy.stats().running; call <= policy.stats().limit; call += 1) {
      policy.execute(work).catch(() => {});
    }
    await clock.advanceAsync(10);
  }
}

test('it grows while answers stay fast, and shrinks when the dependency slows down', async () => {
  const clock = new ManualClock(0);
  let capacity = 100;
  const policy = quiet(clock);
  const work = dependency(clock, () => capacity);
  const changes: number[] = [];
  policy.on('limitChange', ({ to }) => changes.push(to));
  await offer(policy, clock, work, 30_000);
  const grown = policy.stats().limit;
  expect(grown).toBeGreaterThan(80);
  capacity = 20;
  await offer(policy, clock, work, 10_000);
  const shrunk = policy.stats().limit;
  expect(shrunk).toBeLessThan(grown * 0.75);
  expect(changes.length).toBeGreaterThan(10);
  expect(policy.stats().rejected).toBeGreaterThan(0);
});

test('it does not grow while it is not used, nor learn from quick failures', async () => {
  const clock = new ManualClock(0);
  const policy = quiet(clock);
  for (let call = 0; call < 200; call += 1) {
    await policy.execute(() => 1);
    await policy.execute(() => Promise.reject(broken)).catch(() => {});
    clock.advance(20);
  }
  expect(policy.stats()).toMatchObject({ limit: 20, succeeded: 200, failed: 200, aborted: 0 });
});

test('errors that mean too much load shrink it, as far as minLimit', async () => {
  const clock = new ManualClock(0);
  const policy = quiet(clock, { minLimit: 8, isOverload: (error) => error === broken });
  for (let call = 0; call < 3_000; call += 1) {
    await policy.execute(() => Promise.reject(broken)).catch(() => {});
    clock.advance(30);
  }
  expect(policy.stats().limit).toBe(8);
});

test('a late event loop shrinks it, and turns low priority away', async () => {
  const clock = new ManualClock(0);
  let delayMs = 0;
  const policy = adaptiveConcurrency({ eventLoopDelay: { maxMs: 100, read: () => delayMs }, clock });
  expect(await policy.execute(() => 'fine', { priority: 'low' })).toBe('fine');
  delayMs = 400;
  await expect(policy.execute(() => 1, { priority: 'low' })).rejects.toMatchObject({
    code: 'ERR_CONCURRENCY_LIMIT',
    reason: 'event-loop-late',
  });
  for (let call = 0; call < 500; call += 1) {
    await policy.execute(() => 1, { priority: call % 2 === 0 ? 'high' : 'normal' });
    clock.advance(30);
  }
  expect(policy.stats()).toMatchObject({ limit: 5, loopDelayMs: 400 });
  delayMs = 0;
  expect(await policy.execute(() => 'again', { priority: 'low' })).toBe('again');
});

test('a call measures the next whole turn of the event loop', async () => {
  const policy = adaptiveConcurrency();
  const block = (ms: number) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  };
  const call = policy.execute(() => 1);
  // Comes after the measurement has begun, and makes the turn after it a long one.
  setImmediate(() => {
    setTimeout(block, 0, 60);
    block(2);
  });
  await call;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(policy.stats().loopDelayMs).toBeGreaterThanOrEqual(60);
});

test('high priority is served first, and takes the place of low in a full queue', async () => {
  const policy = adaptiveConcurrency({ initialLimit: 1, minLimit: 1, maxQueued: 3 });
  const first = deferred();
  const order: string[] = [];
  const call = (name: string, priority?: Priority) =>
    policy
      .execute(() => order.push(name), { priority })
      .then(() => name)
      .catch((error: { reason: string }) => `${name} ${error.reason}`);
  const running = policy.execute(() => first.promise);
  const calls = [
    call('low-1', 'low'),
    call('low-2', 'low'),
    call('normal'),
    call('high', 'high'),
    call('low-3', 'low'),
  ];
  await settled();
  first.resolve('done');
  await running;
  expect(await Promise.all(calls)).toEqual(['low-1', 'low-2 displaced', 'normal', 'high', 'low-3 full']);
  expect(order).toEqual(['high', 'normal', 'low-1']);
  await expect(policy.execute(() => 1, { priority: 'urgent' as Priority })).rejects.toThrow(
    'adaptive-concurrency: priority must be one of "high", "normal", "low", received urgent',
  );
});

test('who waits is served by priority, then in order; never more run than the limit; every call is answered', async () => {
  const levels: Priority[] = ['high', 'normal', 'low'];
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(...levels).map((priority) => ({ do: 'begin' as const, priority, which: 0 })),
    },
    {
      weight: 3,
      arbitrary: fc.nat(30).map((which) => ({ do: 'end' as const, priority: 'low' as Priority, which })),
    },
    {
      weight: 1,
      arbitrary: fc.nat(400).map((which) => ({ do: 'advance' as const, priority: 'low' as Priority, which })),
    },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 80, size: 'max' }),
      fc.integer({ min: 1, max: 4 }),
      fc.nat(5),
      async (steps, limit, maxQueued) => {
        const clock = new ManualClock(0);
        const policy = quiet(clock, {
          initialLimit: limit,
          minLimit: 1,
          maxLimit: 6,
          sampleMs: 50,
          sampleCalls: 1,
          maxQueued,
          maxWaitMs: 300,
        });
        const calls: {
          id: number;
          level: number;
          state: string;
          work: ReturnType<typeof deferred<string>>;
        }[] = [];
        const waiting = () => calls.filter(({ state }) => state === 'queued');
        for (const { do: what, priority, which } of steps) {
          const runningBefore = calls.filter(({ state }) => state === 'running');
          if (what === 'begin') {
            const entry = {
              id: calls.length,
              level: levels.indexOf(priority),
              state: 'queued',
              work: deferred(),
            };
            calls.push(entry);
            policy
              .execute(
                () => {
                  // The model: nobody of a better level, or of the same and older, is left waiting.
                  const better = waiting().filter(
                    (other) =>
                      other !== entry &&
                      (other.level < entry.level || (other.level === entry.level && other.id < entry.id)),
                  );
                  expect(better).toEqual([]);
                  entry.state = 'running';
                  return entry.work.promise;
                },
                { priority },
              )
              .then(
                () => {
                  entry.state = 'ended';
                },
                (error: unknown) => {
                  expect(error).toMatchObject({ code: 'ERR_CONCURRENCY_LIMIT' });
                  entry.state = 'rejected';
                },
              );
          } else if (what === 'end') {
            runningBefore[which % Math.max(1, runningBefore.length)]?.work.resolve('done');
          } else {
            clock.advance(which);
          }
          await settled();
          const stats = policy.stats();
          const running = calls.filter(({ state }) => state === 'running').length;
          expect(stats).toMatchObject({ running, queued: waiting().length });
          expect(stats.queued).toBeLessThanOrEqual(maxQueued);
          // A limit that has shrunk is reached as calls end; nobody new enters above it.
          if (running > runningBefore.length)
            expect(running).toBeLessThanOrEqual(Math.max(stats.limit, limit));
          expect(stats.limit).toBeGreaterThanOrEqual(1);
          expect(stats.limit).toBeLessThanOrEqual(6);
          if (stats.queued > 0) expect(running).toBeGreaterThanOrEqual(stats.limit);
        }
        for (const { work } of calls) work.resolve('done');
        for (let turn = 0; turn <= maxQueued; turn += 1) await settled();
        expect(policy.stats()).toMatchObject({ running: 0, queued: 0 });
        expect(calls.every(({ state }) => state === 'ended' || state === 'rejected')).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
});

test.each(['constructor', '__proto__', 'toString', 'urgent', 7])(
  'priority %j is refused, and blocks nobody',
  async (unknown) => {
    const policy = quiet(new ManualClock(0), { initialLimit: 1, minLimit: 1, maxQueued: 5 });
    const first = deferred();
    const running = policy.execute(() => first.promise);
    const priority = unknown as Priority;
    await expect(policy.execute(() => 'second', { priority })).rejects.toThrow(TypeError);
    expect(policy.stats().queued).toBe(0);
    first.resolve('first');
    await running;
    expect(await policy.execute(() => 'third')).toBe('third');
  },
);
