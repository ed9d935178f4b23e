import { expect, test, vi } from 'vitest';
import { startExample } from '../../../scripts/toolchain/start-example.js';

test('own counters, requests by route, the process and the watched cache are in one scrape', async () => {
  const { urls, stop } = await startExample('shop');
  for (let call = 0; call < 3; call += 1) await (await fetch(`${urls.shop}/articles/lamp`)).text();
  await (await fetch(`${urls.shop}/articles/lamp/orders`, { method: 'POST' })).text();

  const scrape = async () => (await fetch(`${urls.shop}/metrics`)).text();
  // A request is counted when its connection is through with it, which may be after its visitor has the answer.
  const requests =
    'http_request_duration_seconds_count{method="GET",route="/articles/:article",status="200",service="shop"} 3';
  await vi.waitUntil(async () => (await scrape()).includes(requests), { timeout: 30_000 });
  const lines = (await scrape()).split('\n');
  expect(lines).toContain('orders_total{article="lamp",service="shop"} 1');
  expect(lines).toContain('mainstay_component_up{kind="cache",name="articles",service="shop"} 1');
  expect(lines).toContain('mainstay_cache_loads_total{name="articles",service="shop"} 1');
  expect(lines.some((line) => line.startsWith('nodejs_eventloop_utilization_ratio{'))).toBe(true);
  expect(await stop()).toBe(0);
});
