import { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { HealthChecks } from '../src/index.js';
import { deferred, turn } from './helpers.js';

test('1,000 concurrent probes run a slow check once (terminus, under-pressure and nest: 1,000 times)', async () => {
  const gate = deferred();
  let runs = 0;
  const health = new HealthChecks({
    checks: [
      {
        name: 'slow',
        run: () => {
          runs += 1;
          return gate.promise;
        },
      },
    ],
  });
  const probes = Array.from({ length: 1_000 }, (_, index) => (index % 2 ? health.report() : health.ready()));
  await turn();
  gate.resolve();
  await Promise.all(probes);
  expect(runs).toBe(1);
});

test('the time of 1,000 probes is that of one run, not of 1,000 (hellofresh/health-go runs them one after the other)', async () => {
  const clock = new ManualClock();
  const gates = [deferred(), deferred()];
  let runs = 0;
  const health = new HealthChecks({
    clock,
    checks: [{ name: 'slow', cacheMs: 0, run: () => gates[runs++]?.promise }],
  });
  let settled = 0;
  for (let probe = 0; probe < 1_000; probe += 1) void health.report().then(() => (settled += 1));
  clock.advance(50);
  gates[0]?.resolve();
  await turn();
  expect(settled).toBe(1_000);
  expect(runs).toBe(1);
});

test('a result younger than cacheMs is given again, an older one is not', async () => {
  const clock = new ManualClock();
  let runs = 0;
  const health = new HealthChecks({
    clock,
    checks: [
      {
        name: 'database',
        cacheMs: 1_000,
        run: () => {
          runs += 1;
        },
      },
    ],
  });
  const first = await health.report();
  clock.advance(999);
  expect(await health.report()).toBe(first);
  expect(runs).toBe(1);
  clock.advance(1);
  expect(await health.report()).not.toBe(first);
  expect(runs).toBe(2);
});

test('each check has its own age: a cheap one is asked again while a costly one is remembered', async () => {
  const clock = new ManualClock();
  const runs = { cheap: 0, costly: 0 };
  const health = new HealthChecks({
    clock,
    checks: [
      {
        name: 'cheap',
        cacheMs: 0,
        run: () => {
          runs.cheap += 1;
        },
      },
      {
        name: 'costly',
        cacheMs: 60_000,
        run: () => {
          runs.costly += 1;
        },
      },
    ],
  });
  for (let probe = 0; probe < 5; probe += 1) await health.report();
  expect(runs).toEqual({ cheap: 5, costly: 1 });
});

test('a report is frozen all through: nobody can change what the next probe is given', async () => {
  const health = new HealthChecks({ checks: [{ name: 'a', run: () => ({ pool: { size: 3 } }) }] });
  const report = await health.report();
  expect(Object.isFrozen(report) && Object.isFrozen(report.checks) && Object.isFrozen(report.checks.a)).toBe(
    true,
  );
  expect(Object.isFrozen(report.checks.a?.details) && Object.isFrozen(report.checks.a?.details?.pool)).toBe(
    true,
  );
});

test('a check that is added, or removed, while a report is under way is in, or out of, the next', async () => {
  const gate = deferred();
  const health = new HealthChecks({ checks: [{ name: 'slow', run: () => gate.promise }] });
  const underWay = health.report();
  const remove = health.add({ name: 'new', run: () => {} });
  gate.resolve();
  expect(Object.keys((await underWay).checks)).toEqual(['slow']);
  expect(Object.keys((await health.report()).checks)).toEqual(['slow', 'new']);
  remove();
  expect(Object.keys((await health.report()).checks)).toEqual(['slow']);
  expect(() => health.add({ name: 'slow', run: () => {} })).toThrow('already a check named "slow"');
});
