import { expect, test } from 'vitest';
import { testDatabase } from '../../../scripts/services/index.mjs';
import { getJson, startExample } from '../../../scripts/toolchain/start-example.js';
import { testWith } from '../../../scripts/toolchain/test-with.js';

const testWithPostgres = await testWith('postgres');

testWithPostgres('a transfer happens as a whole or not at all', async () => {
  await using database = await testDatabase();
  const { urls, stop } = await startExample('bank', { DATABASE_URL: database.url });
  const balances = async () =>
    (await getJson<{ balance: number }[]>(`${urls.bank}/accounts`)).map(({ balance }) => balance);
  const transfer = (from: string, to: string, amount: number) =>
    fetch(`${urls.bank}/transfers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ from, to, amount }),
    });
  expect((await transfer('ada', 'ben', 30)).status).toBe(204);
  expect(await balances()).toEqual([70, 130]);

  const refused = await transfer('ada', 'ben', 71);
  expect([refused.status, await refused.json()]).toEqual([409, { message: 'ada has not got 71' }]);
  expect(await balances()).toEqual([70, 130]);

  // All at once over ten connections, and against each other: serializable transactions are tried again where they clash.
  const together = Array.from({ length: 20 }, (_, n) =>
    n % 2 ? transfer('ada', 'ben', 1) : transfer('ben', 'ada', 1),
  );
  const statuses = (await Promise.all(together)).map(({ status }) => status);
  const taken = (index: number) => statuses.filter((status, n) => n % 2 === index && status === 204).length;
  expect(statuses).toContain(204);
  expect(await balances()).toEqual([70 - taken(1) + taken(0), 130 + taken(1) - taken(0)]);

  expect(await getJson(`${urls.bank}/stats`)).toMatchObject({ inUse: 0, waiting: 0 });
  expect(await stop()).toBe(0);
});

test('without a Postgres it says what to do', async () => {
  await expect(startExample('bank')).rejects.toThrow('DATABASE_URL=postgres://');
});
