import { expect, test, vi } from 'vitest';
import { monotonicClock } from '../src/index.js';
import { runChild } from './helpers/child.js';

test('the clock is read once within a turn', () => {
  const read = vi.spyOn(performance, 'now');
  const first = monotonicClock.coarseNow();
  for (let index = 0; index < 100; index += 1) expect(monotonicClock.coarseNow()).toBe(first);
  expect(read.mock.calls.length).toBeLessThanOrEqual(1);
  read.mockRestore();
});

test('the next turn reads anew', async () => {
  const first = monotonicClock.coarseNow();
  await new Promise((resolve) => setTimeout(resolve, 5));
  const now = monotonicClock.now();
  const second = monotonicClock.coarseNow();
  expect(second).toBeGreaterThanOrEqual(now);
  expect(second - first).toBeGreaterThan(3);
});

test('an I/O callback after a long sleep of the loop does not see the time from before it', async () => {
  // The other one is silent for a while after it was asked: nothing but I/O ends the sleep in poll.
  const { stdout, status } = await runChild(`
    import { spawn } from 'node:child_process';
    const code = 'process.stdin.once("data", () => setTimeout(() => process.stdout.write("x", () => process.exit()), 700))';
    const writer = spawn(process.execPath, ['-e', code]);
    let before;
    writer.on('spawn', () => setImmediate(() => {
      before = core.monotonicClock.coarseNow();
      writer.stdin.write('go');
    }));
    writer.stdout.once('data', () => {
      const now = core.monotonicClock.now();
      const coarse = core.monotonicClock.coarseNow();
      console.log(JSON.stringify({ age: now - coarse, slept: now - before }));
    });
  `);
  expect(status).toBe(0);
  const { age, slept } = JSON.parse(stdout) as { age: number; slept: number };
  expect(slept).toBeGreaterThan(300);
  expect(age).toBeLessThanOrEqual(0);
});

test('a coarse reading lets the process end at once', async () => {
  const { status, stdout } = await runChild(`
    core.monotonicClock.coarseNow();
    const start = performance.now();
    process.on('exit', () => console.log(performance.now() - start));
  `);
  expect(status).toBe(0);
  expect(Number(stdout)).toBeLessThan(10_000);
});

test('importing the package schedules nothing', async () => {
  const { stdout } = await runChild('console.log(JSON.stringify(process.getActiveResourcesInfo()));');
  expect(JSON.parse(stdout)).not.toContain('Timeout');
  expect(JSON.parse(stdout)).not.toContain('Immediate');
});
