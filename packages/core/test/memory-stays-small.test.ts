import { expect, test } from 'vitest';
import { runChild } from './helpers/child.js';

/** Bytes of heap that each of `count` things takes, after garbage collection. */
async function bytesEach(count: number, make: string): Promise<number> {
  const { stdout, stderr } = await runChild(
    `
    const make = ${make};
    const used = () => {
      for (let i = 0; i < 4; i++) gc();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    for (let i = 0; i < 100; i++) make(i);
    const kept = new Array(${count});
    const before = used();
    for (let i = 0; i < kept.length; i++) kept[i] = make(i);
    console.log((used() - before) / kept.length, kept.length);
  `,
    ['--expose-gc'],
  );
  expect(stderr).toBe('');
  return Number(stdout.split(' ')[0]);
}

test('a window of ten buckets and three counters leaves a circuit breaker of 700 bytes room for itself', async () => {
  const options = '{ windowMs: 10_000, buckets: 10, counters: 3 }';
  expect(await bytesEach(30_000, `() => new core.RollingWindow(${options})`)).toBeLessThan(450);
});

test('a waiting deadline is one small object', async () => {
  const make = `((queue, callback) => (i) => queue.add(60_000 + i, callback, { keepAlive: false }))(new core.DeadlineQueue(), () => {})`;
  expect(await bytesEach(100_000, make)).toBeLessThan(130);
});

test('events without listeners and a histogram without values are nearly nothing', async () => {
  expect(await bytesEach(100_000, '() => new core.Events()')).toBeLessThan(64);
  expect(await bytesEach(20_000, '() => new core.Histogram()')).toBeLessThan(600);
});

test('what a cancelled deadline closed over is free, although its handle is kept', async () => {
  const make = `((queue) => () => { const big = new Array(10_000).fill(1); const handle = queue.add(60_000, () => big, { keepAlive: false }); handle.cancel(); return handle; })(new core.DeadlineQueue())`;
  expect(await bytesEach(1_000, make)).toBeLessThan(1_000);
});

test('signals and clocks that are gone leave nothing behind', async () => {
  // What the empty tables of two weak maps keep; a signal would be 500 bytes and more, a queue 5,000.
  expect(
    await bytesEach(
      5_000,
      `() => { core.onAbort(new AbortController().signal, () => {}); core.deadlinesOf(new core.ManualClock()); return 0; }`,
    ),
  ).toBeLessThan(300);
});
