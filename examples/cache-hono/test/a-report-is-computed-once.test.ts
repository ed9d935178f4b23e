import { expect, test, vi } from 'vitest';
import { startServices } from '../../../scripts/services/index.mjs';
import { type Example, getJson, startExample } from '../../../scripts/toolchain/start-example.js';
import { testWith } from '../../../scripts/toolchain/test-with.js';

interface Report {
  month: string;
  number: number;
  by: number;
}

const testWithRedis = await testWith('redis');
const report = ({ urls }: Example, month = 'may') => getJson<Report>(`${urls.shop}/reports/${month}`);
const order = ({ urls }: Example, month = 'may') => fetch(`${urls.shop}/orders/${month}`, { method: 'POST' });

test('a report is computed once, until an order of its month comes in', async () => {
  const shop = await startExample('shop');
  const reports = await Promise.all([report(shop), report(shop), report(shop)]);
  expect(reports.map(({ number }) => number)).toEqual([1, 1, 1]);
  await order(shop, 'june');
  expect((await report(shop)).number).toBe(1);
  await order(shop);
  expect((await report(shop)).number).toBe(2);
  expect(await shop.stop()).toBe(0);
});

testWithRedis('processes share reports and orders through Redis', async () => {
  await using services = await startServices({ redis: true });
  // A machine that is busy must not look like a Redis that is away.
  const env = { REDIS_URL: services.redis?.url ?? '', REDIS_TIMEOUT_MS: '10000' };
  const [one, other] = [await startExample('shop', env), await startExample('shop', env)];
  for (const shop of [one, other]) {
    // Until it has heard from Redis a process works from its memory.
    const state = async () => (await getJson<{ redis: string }>(`${shop.urls.shop}/stats`)).redis;
    await vi.waitUntil(async () => (await state()) === 'up', { timeout: 30_000 });
  }
  const first = await report(one);
  expect(await report(other)).toEqual(first);
  await order(other);
  await vi.waitUntil(async () => (await report(one)).number !== first.number, { timeout: 30_000 });
  expect(await Promise.all([one.stop(), other.stop()])).toEqual([0, 0]);
});
