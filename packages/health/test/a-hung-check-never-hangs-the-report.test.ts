import { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { HealthChecks } from '../src/index.js';
import { deferred, turn } from './helpers.js';

function hanging(clock: ManualClock, timeoutMs = 1_000) {
  const gates: ReturnType<typeof deferred<undefined>>[] = [];
  const signals: AbortSignal[] = [];
  const health = new HealthChecks({
    clock,
    checks: [
      {
        name: 'database',
        timeoutMs,
        cacheMs: 0,
        run: ({ signal }) => {
          const gate = deferred<undefined>();
          gates.push(gate);
          signals.push(signal);
          return gate.promise;
        },
      },
    ],
  });
  return { health, gates, signals };
}

test('a check that hangs is down when its time is up, and the others are told (terminus and nest hang with it)', async () => {
  const clock = new ManualClock();
  const { health, signals } = hanging(clock);
  health.add({ name: 'cache', run: () => {} });
  const pending = health.report();
  clock.advance(999);
  await turn();
  expect(signals[0]?.aborted).toBe(false);
  clock.advance(1);
  const report = await pending;
  expect(report.status).toBe('down');
  expect(report.checks.database).toMatchObject({
    status: 'down',
    message: 'timed out after 1000 ms',
    durationMs: 1_000,
  });
  expect(report.checks.cache?.status).toBe('up');
  expect(signals[0]?.reason).toMatchObject({ name: 'TimeoutError' });
});

test('a hung check is not started again beside itself, and each probe is answered at once meanwhile', async () => {
  const clock = new ManualClock();
  const { health, gates } = hanging(clock);
  const first = health.report();
  clock.advance(1_000);
  await first;
  for (let probe = 0; probe < 100; probe += 1) {
    const report = await health.report();
    expect(report.checks.database?.message).toContain('has not come back');
  }
  expect(gates).toHaveLength(1);
});

test('a run that never comes back does not pin the check down for ever: after ten timeouts another is tried', async () => {
  const clock = new ManualClock();
  const { health, gates } = hanging(clock);
  const first = health.report();
  clock.advance(1_000);
  await first;
  clock.advance(9_999);
  await health.report();
  expect(gates).toHaveLength(1);
  clock.advance(1);
  const second = health.report();
  expect(gates).toHaveLength(2);
  gates[1]?.resolve(undefined);
  expect((await second).status).toBe('up');
});

test('runs that never come back are tried again ever more seldom: at most 20 in an hour', async () => {
  const clock = new ManualClock();
  const { health, gates } = hanging(clock);
  for (let second = 0; second < 3_600; second += 1) {
    void health.report();
    clock.advance(1_000);
    await Promise.resolve();
  }
  expect(gates.length).toBeGreaterThan(5);
  expect(gates.length).toBeLessThanOrEqual(20);
});

test('a late result is ignored, and frees the way for the next run', async () => {
  const clock = new ManualClock();
  const { health, gates } = hanging(clock);
  const first = health.report();
  clock.advance(1_000);
  await first;
  gates[0]?.resolve(undefined);
  await turn();
  expect(health.stats()).toMatchObject({ status: 'down', checks: { database: { runs: 1, failures: 1 } } });
  const second = health.report();
  expect(gates).toHaveLength(2);
  gates[1]?.resolve(undefined);
  expect((await second).status).toBe('up');
});

test('a late failure of an older run does not turn a newer result red', async () => {
  const clock = new ManualClock();
  const { health, gates } = hanging(clock);
  const first = health.report();
  clock.advance(1_000);
  await first;
  clock.advance(10_000);
  const second = health.report();
  gates[1]?.resolve(undefined);
  expect((await second).status).toBe('up');
  gates[0]?.reject(new Error('connection lost an hour ago'));
  await turn();
  expect(health.stats().status).toBe('up');
});

test('close() settles who waits, aborts what runs and leaves no timer behind', async () => {
  const clock = new ManualClock();
  const { health, signals, gates } = hanging(clock);
  const pending = health.report();
  await health.close();
  expect((await pending).checks.database).toMatchObject({
    status: 'down',
    message: 'closed before it was checked',
  });
  expect(signals[0]?.aborted).toBe(true);
  await health.report();
  expect(gates).toHaveLength(1);
  clock.advance(10_000);
  expect(clock.pendingTimers).toBe(0);
});
