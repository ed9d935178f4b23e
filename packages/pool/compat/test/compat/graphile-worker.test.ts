import { Logger, quickAddJob, run } from 'graphile-worker';
import { expect } from 'vitest';
import { pgPool, postgresTest } from './support/postgres.js';

postgresTest('graphile-worker: through its option `pgPool`, with LISTEN on a held client', async () => {
  const pgPoolOfOurs = pgPool({ max: 5 });
  const logger = new Logger(() => () => {});
  const done: unknown[] = [];
  const runner = await run({
    pgPool: pgPoolOfOurs,
    logger,
    concurrency: 2,
    noHandleSignals: true,
    pollInterval: 60_000,
    taskList: { greet: async (payload) => void done.push(payload) },
  });
  // Not found by polling within the time of this test: the notification arrives.
  await quickAddJob({ pgPool: pgPoolOfOurs, logger }, 'greet', { name: 'ada' });
  await quickAddJob({ pgPool: pgPoolOfOurs, logger }, 'greet', { name: 'grace' });
  await expect.poll(() => done, { timeout: 20_000 }).toHaveLength(2);
  // Two workers: either may be done first.
  expect(done).toEqual(expect.arrayContaining([{ name: 'ada' }, { name: 'grace' }]));
  await runner.stop();
  await expect.poll(() => pgPoolOfOurs.stats().inUse).toBe(0);
  expect(pgPoolOfOurs.ending).toBe(false);
});
