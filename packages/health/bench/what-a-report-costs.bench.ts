// report() itself, without a server: what a probe costs when everything is known, and when every check has to run.
import { HealthChecks } from '@mainstay/health';
import { question } from '../../../scripts/bench/harness.mjs';

const count = 10;
const names = Array.from({ length: count }, (_, index) => `check-${index}`);
const run = async () => {};
const remembered = new HealthChecks({ checks: names.map((name) => ({ name, run, cacheMs: 60_000 })) });
const everyTime = new HealthChecks({ checks: names.map((name) => ({ name, run, cacheMs: 0 })) });
const background = new HealthChecks({
  checks: names.map((name) => ({ name, run, intervalMs: 60_000 })),
}).start();

const repeat = (work: () => Promise<unknown>) => async (operations: number) => {
  for (let index = 0; index < operations; index += 1) await work();
};

await question({
  title: `report() of ${count} checks that resolve at once`,
  floor: 'Promise.all of the bare checks',
  target: 'remembered: below the floor; every check run: stated',
  iterations: 2_000,
  rounds: 15,
  unit: 'us',
  contestants: {
    'Promise.all of the bare checks': repeat(() => Promise.all(names.map(() => run()))),
    'report(), remembered': repeat(() => remembered.report()),
    'report(), in the background': repeat(() => background.report()),
    'report(), every check run': repeat(() => everyTime.report()),
    'ready(), remembered': repeat(() => remembered.ready()),
  },
});
await background.close();
