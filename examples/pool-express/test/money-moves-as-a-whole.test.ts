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
  const transfer = async (from: string, to: string, amount: number) => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ from, to, amount });
    const response = await fetch(`${urls.bank}/transfers`, { method: 'POST', headers, body });
    return { status: response.status, body: await response.text() };
  };
  expect((await transfer('ada', 'ben', 30)).status).toBe(204);
  expect(await balances()).toEqual([70, 130]);

  expect(await transfer('ada', 'ben', 71)).toEqual({
    status: 409,
    body: '{"message":"ada has not got 71"}',
  });
  expect((await transfer('ada', 'nobody', 1)).status).toBe(409);
  expect((await transfer('ada', 'ben', -1)).status).toBe(409);
  expect(await balances()).toEqual([70, 130]);

  // There and back, at once and over ten connections.
  const together = Array.from({ length: 20 }, (_, n) =>
    n % 2 ? transfer('ada', 'ben', 1) : transfer('ben', 'ada', 1),
  );
  expect((await Promise.all(together)).map(({ status }) => status)).toEqual(Array(20).fill(204));
  expect(await balances()).toEqual([70, 130]);

  expect(await getJson(`${urls.bank}/stats`)).toMatchObject({ inUse: 0, waiting: 0 });
  expect(await stop()).toBe(0);
});

test('without a Postgres it says what to do', async () => {
  await expect(startExample('bank')).rejects.toThrow('DATABASE_URL=postgres://');
});
