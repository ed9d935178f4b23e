import PgBoss from 'pg-boss';
import { expect } from 'vitest';
import { pgPool, postgresTest } from './support/postgres.js';

postgresTest('pg-boss: through its option `db`', async () => {
  const pool = pgPool({ max: 3 });
  const boss = new PgBoss({ db: { executeSql: (text, values) => pool.query(text, values) } });
  const errors: unknown[] = [];
  boss.on('error', (error) => errors.push(error));
  await boss.start();
  await boss.createQueue('letters');
  await boss.send('letters', { to: 'ada' });
  await boss.send('letters', { to: 'grace' });
  const delivered: unknown[] = [];
  await boss.work<{ to: string }>('letters', { pollingIntervalSeconds: 0.5 }, async (jobs) => {
    for (const { data } of jobs) delivered.push(data.to);
  });
  await expect.poll(() => delivered, { timeout: 20_000 }).toEqual(['ada', 'grace']);
  await boss.stop({ graceful: true, timeout: 5_000 });
  expect(errors).toEqual([]);
  await expect.poll(() => pool.stats().inUse).toBe(0);
});
