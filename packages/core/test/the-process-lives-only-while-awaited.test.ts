import { expect, test } from 'vitest';
import { runChild } from './helpers/child.js';

const exits = `const start = performance.now(); process.on('exit', () => console.log(Math.round(performance.now() - start)));`;

test.each([
  [
    'a deadline for housekeeping',
    `core.deadlinesOf(core.monotonicClock).add(60_000, () => {}, { keepAlive: false });`,
  ],
  ['a cancelled deadline', `core.deadlinesOf(core.monotonicClock).add(60_000, () => {}).cancel();`],
  [
    'housekeeping beside a cancelled deadline',
    `const queue = core.deadlinesOf(core.monotonicClock);
     queue.add(60_000, () => {}, { keepAlive: false });
     queue.add(50_000, () => {}).cancel();`,
  ],
  [
    'housekeeping after an awaited deadline has fired',
    `const queue = core.deadlinesOf(core.monotonicClock);
     queue.add(60_000, () => {}, { keepAlive: false });
     await new Promise((resolve) => queue.add(20, resolve));`,
  ],
  ['a cleared queue', `const queue = new core.DeadlineQueue(); queue.add(60_000, () => {}); queue.clear();`],
  ['an unreferenced timer', `core.monotonicClock.setTimer(() => {}, 60_000).unref();`],
  ['a callback on an abort signal', `core.onAbort(new AbortController().signal, () => {});`],
  [
    'a rolling window in use',
    `new core.RollingWindow({ windowMs: 60_000, buckets: 6, counters: 1 }).add(0);`,
  ],
])('%s holds no process', async (_what, script) => {
  const { status, stdout, stderr } = await runChild(`${exits}\n${script}`);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(Number(stdout)).toBeLessThan(10_000);
});

test('an awaited deadline holds the process until it fires', async () => {
  const { status, stdout } = await runChild(`
    const start = performance.now();
    await new Promise((resolve) => core.deadlinesOf(core.monotonicClock).add(400, resolve));
    console.log(performance.now() - start);
  `);
  // A process that ended early exits with 13, unsettled top-level await.
  expect(status).toBe(0);
  expect(Number(stdout)).toBeGreaterThanOrEqual(400);
});

test('so does one that was added when only housekeeping was waiting, and one behind a cancelled one', async () => {
  const { status, stdout } = await runChild(`
    const queue = core.deadlinesOf(core.monotonicClock);
    queue.add(100, () => {}, { keepAlive: false });
    queue.add(50, () => {}).cancel();
    await new Promise((resolve) => queue.add(400, resolve));
    console.log('fired');
  `);
  expect(status).toBe(0);
  expect(stdout).toBe('fired');
});
