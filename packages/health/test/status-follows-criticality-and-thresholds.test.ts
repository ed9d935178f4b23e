import { ManualClock } from '@mainstay/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Hysteresis } from '../src/hysteresis.js';
import { type CheckOptions, HealthChecks, type HealthStatus } from '../src/index.js';

const fails = (): never => {
  throw new Error('broken');
};

test.each<[HealthStatus, CheckOptions[]]>([
  ['up', []],
  ['up', [{ name: 'a', run: () => {} }]],
  ['down', [{ name: 'a', run: fails }]],
  ['degraded', [{ name: 'a', run: fails, critical: false }]],
  ['degraded', [{ name: 'a', run: () => ({ status: 'degraded' }) }]],
  ['down', [{ name: 'a', run: () => ({ status: 'down', message: 'standby' }) }]],
  [
    'down',
    [
      { name: 'a', run: fails, critical: false },
      { name: 'b', run: fails },
    ],
  ],
])('the service is %s', async (status, checks) => {
  const health = new HealthChecks({ checks });
  expect((await health.report()).status).toBe(status);
  expect(health.stats().status).toBe(status);
});

test('readiness is red for a critical check alone, and says which', async () => {
  let works = true;
  const clock = new ManualClock();
  const health = new HealthChecks({
    clock,
    checks: [
      { name: 'cache', run: fails, critical: false },
      { name: 'database', cacheMs: 0, run: () => (works ? undefined : fails()) },
    ],
  });
  expect(await health.ready()).toEqual({ ready: true, status: 'degraded', down: [] });
  works = false;
  expect(await health.ready()).toEqual({
    ready: false,
    status: 'down',
    reason: 'checks-down',
    down: ['database'],
  });
  expect(health.live().live).toBe(true);
});

test('shutting down turns readiness red at once, runs no check for it, and leaves liveness and status alone', async () => {
  let runs = 0;
  const health = new HealthChecks({
    checks: [
      {
        name: 'a',
        cacheMs: 0,
        run: () => {
          runs += 1;
        },
      },
    ],
  });
  await health.report();
  health.markShuttingDown();
  expect(await health.ready()).toEqual({ ready: false, status: 'up', reason: 'shutting-down', down: [] });
  expect(runs).toBe(1);
  expect(health.live().live).toBe(true);
  expect(await health.report()).toMatchObject({ status: 'up', shuttingDown: true });
  expect(health.stats()).toMatchObject({ status: 'up', shuttingDown: true });
});

test('a probe that was waiting when the shutdown began is told not to send work', async () => {
  let finish = (): void => {};
  const health = new HealthChecks({
    checks: [
      {
        name: 'slow',
        run: () =>
          new Promise<void>((resolve) => {
            finish = resolve;
          }),
      },
    ],
  });
  const pending = health.ready();
  health.markShuttingDown();
  finish();
  expect(await pending).toMatchObject({ ready: false, reason: 'shutting-down' });
});

test('failureThreshold failures in a row turn a check red, successThreshold successes green again', async () => {
  let works = true;
  const health = new HealthChecks({
    checks: [
      {
        name: 'a',
        cacheMs: 0,
        failureThreshold: 3,
        successThreshold: 2,
        run: () => (works ? undefined : fails()),
      },
    ],
  });
  const seen: string[] = [];
  for (const next of [true, false, false, true, false, false, false, true, false, true, true]) {
    works = next;
    const { status, consecutiveFailures } = (await health.report()).checks.a ?? {};
    seen.push(`${status} ${consecutiveFailures}`);
  }
  expect(seen).toEqual([
    'up 0',
    'up 1',
    'up 2',
    'up 0',
    'up 1',
    'up 2',
    'down 3',
    'down 0',
    'down 1',
    'down 0',
    'up 0',
  ]);
});

test('before anything is known, the first run counts at once', async () => {
  const health = new HealthChecks({ checks: [{ name: 'a', failureThreshold: 5, run: fails }] });
  expect((await health.report()).status).toBe('down');
});

test('property: the shown status changes only after the thresholds, and always after them', () => {
  const statuses = fc.array(fc.constantFrom<HealthStatus>('up', 'degraded', 'down'), {
    minLength: 1,
    maxLength: 60,
  });
  const threshold = fc.integer({ min: 1, max: 5 });
  fc.assert(
    fc.property(statuses, threshold, threshold, (observed, failureThreshold, successThreshold) => {
      const hysteresis = new Hysteresis(failureThreshold, successThreshold);
      let shown: HealthStatus | undefined;
      observed.forEach((status, index) => {
        const tail = (length: number, matches: (one: HealthStatus) => boolean) =>
          index + 1 >= length && observed.slice(index + 1 - length, index + 1).every(matches);
        const failedEnough = tail(failureThreshold, (one) => one === 'down');
        const workedEnough = tail(successThreshold, (one) => one !== 'down');
        let expected: HealthStatus = status;
        if (shown !== undefined && status === 'down' && !failedEnough) expected = shown;
        if (shown === 'down' && status !== 'down' && !workedEnough) expected = 'down';
        shown = hysteresis.next(status);
        expect(shown).toBe(expected);
      });
    }),
  );
});

test('changes are announced, of each check and of the whole, once each', async () => {
  let works = true;
  const health = new HealthChecks({
    checks: [{ name: 'a', cacheMs: 0, run: () => (works ? undefined : fails()) }],
  });
  const heard: unknown[] = [];
  health.on('check', (change) => heard.push(change));
  const off = health.on('status', (change) => heard.push(change));
  await health.report();
  await health.report();
  works = false;
  await health.report();
  await health.report();
  off();
  works = true;
  await health.report();
  expect(heard).toEqual([
    { name: 'a', from: undefined, to: 'up', message: undefined },
    { from: undefined, to: 'up' },
    { name: 'a', from: 'up', to: 'down', message: 'broken' },
    { from: 'up', to: 'down' },
    { name: 'a', from: 'down', to: 'up', message: undefined },
  ]);
});

test('stats() asks nothing, counts every run and leaves out what has not run', async () => {
  const clock = new ManualClock();
  const health = new HealthChecks({
    clock,
    checks: [{ name: 'a', cacheMs: 0, run: fails, critical: false }],
  });
  expect(health.stats()).toEqual({ status: 'up', checks: {}, shuttingDown: false });
  await health.report();
  await health.report();
  clock.advance(70);
  expect(health.stats()).toEqual({
    status: 'degraded',
    checks: { a: { status: 'down', failures: 2, runs: 2, durationMs: 0, lastRunAgoMs: 70 } },
    shuttingDown: false,
  });
});
