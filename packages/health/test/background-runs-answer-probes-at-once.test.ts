import { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { HealthChecks } from '../src/index.js';
import { turn } from './helpers.js';

function counted(clock: ManualClock, options: { intervalMs?: number; run?: () => void } = {}) {
  const seen = { runs: 0 };
  const health = new HealthChecks({
    clock,
    checks: [
      {
        name: 'database',
        intervalMs: options.intervalMs ?? 10_000,
        run: () => {
          seen.runs += 1;
          options.run?.();
        },
      },
    ],
  });
  return { health, seen };
}

async function pass(clock: ManualClock, ms: number, stepMs = 100): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.advance(stepMs);
    await turn();
  }
}

test('1,000 probes within an interval run nothing: they read what the background knows', async () => {
  const clock = new ManualClock();
  const { health, seen } = counted(clock);
  health.start();
  await turn();
  expect(seen.runs).toBe(1);
  await pass(clock, 8_000);
  for (let probe = 0; probe < 1_000; probe += 1) await health.report();
  expect(seen.runs).toBe(1);
  await pass(clock, 3_200);
  expect(seen.runs).toBe(2);
});

test('runs are spread by 10 % either way', async () => {
  const clock = new ManualClock();
  const { health, seen } = counted(clock);
  health.start();
  await pass(clock, 100_000);
  expect(seen.runs).toBeGreaterThanOrEqual(9);
  expect(seen.runs).toBeLessThanOrEqual(12);
});

test('a background that fell asleep is not believed: the probe asks for itself', async () => {
  const clock = new ManualClock();
  let asked = 0;
  const health = new HealthChecks({
    clock,
    checks: [
      {
        name: 'a',
        intervalMs: 10_000,
        timeoutMs: 1_000,
        run: () => {
          asked += 1;
          return asked === 1 ? undefined : new Promise<void>(() => {});
        },
      },
    ],
  });
  health.start();
  await turn();
  clock.advance(11_000);
  await turn();
  expect(asked).toBe(2);
  clock.advance(1_000);
  await turn();
  expect((await health.report()).checks.a).toMatchObject({
    status: 'down',
    message: 'timed out after 1000 ms',
  });
});

test('a change that the background sees is in the next report', async () => {
  const clock = new ManualClock();
  let works = true;
  const { health } = counted(clock, {
    run: () => {
      if (!works) throw new Error('gone');
    },
  });
  health.start();
  await turn();
  expect((await health.report()).status).toBe('up');
  works = false;
  await pass(clock, 11_000);
  expect((await health.report()).status).toBe('down');
});

test('start() twice runs once; close() ends it, and leaves no timer', async () => {
  const clock = new ManualClock();
  const { health, seen } = counted(clock);
  health.start().start();
  await turn();
  await health.close();
  await pass(clock, 60_000, 1_000);
  expect(seen.runs).toBe(1);
  expect(clock.pendingTimers).toBe(0);
  expect((await health.report()).checks.database?.status).toBe('up');
});

test('a check that is added, or removed, after start() begins, or ends, to run', async () => {
  const clock = new ManualClock();
  const health = new HealthChecks({ clock }).start();
  let runs = 0;
  const remove = health.add({
    name: 'late',
    intervalMs: 1_000,
    run: () => {
      runs += 1;
    },
  });
  await pass(clock, 3_400);
  expect(runs).toBeGreaterThanOrEqual(3);
  remove();
  const before = runs;
  await pass(clock, 5_000);
  expect(runs).toBe(before);
});
