import { expect, test, vi } from 'vitest';
import { getJson, startExample } from '../../../scripts/toolchain/start-example.js';

const statusOf = async (url: string) => {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
};

test('what is indispensable makes it unready, what is not makes it degraded, and it lives', async () => {
  const { urls, stop } = await startExample('orders', { PRE_STOP_DELAY_MS: '0' });
  const health = async () => (await getJson<{ status: string }>(`${urls.orders}/health`)).status;
  const untilHealth = (wanted: string) =>
    vi.waitUntil(async () => (await health()) === wanted, { timeout: 30_000 });
  await untilHealth('up');

  await fetch(`${urls.orders}/break/redis`, { method: 'POST' });
  await untilHealth('degraded');
  expect(await statusOf(`${urls.orders}/health/ready`)).toBe(200);

  await fetch(`${urls.orders}/break/postgres`, { method: 'POST' });
  await untilHealth('down');
  expect(await statusOf(`${urls.orders}/health/ready`)).toBe(503);
  expect(await statusOf(`${urls.orders}/health/live`)).toBe(200);

  await fetch(`${urls.orders}/mend/postgres`, { method: 'POST' });
  await untilHealth('degraded');
  expect(await stop()).toBe(0);
});

test('a request that has begun is finished', async () => {
  const { urls, stop } = await startExample('orders', { PRE_STOP_DELAY_MS: '0' });
  // Its head is here, so it has begun; the rest comes while the server drains.
  const orders = await fetch(`${urls.orders}/orders`);
  const stopped = stop();
  expect(await orders.text()).toBe('one order, and another');
  expect(await stopped).toBe(0);
});

test('readiness turns red first, while requests are still answered', async () => {
  // So long that it is the test which ends the server.
  const { urls, stop } = await startExample('orders', { PRE_STOP_DELAY_MS: '120000' });
  const ready = () => statusOf(`${urls.orders}/health/ready`);
  expect(await ready()).toBe(200);
  void stop();
  await vi.waitUntil(async () => (await ready()) === 503, { timeout: 30_000 });
  expect(await (await fetch(`${urls.orders}/orders`)).text()).toBe('one order, and another');
});
