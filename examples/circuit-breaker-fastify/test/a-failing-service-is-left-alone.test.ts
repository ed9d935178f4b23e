import { expect, test, vi } from 'vitest';
import { getJson, startExample } from '../../../scripts/toolchain/start-example.js';

test('three failures open the circuit, the last known rate is given meanwhile, and it closes by itself', async () => {
  const { urls, stop } = await startExample('shop');
  const rate = () => getJson<{ dollarsPerEuro: number; source: string }>(`${urls.shop}/rate`);
  const untilSource = (wanted: string) =>
    vi.waitUntil(async () => (await rate()).source === wanted, { timeout: 30_000 });
  expect(await rate()).toEqual({ dollarsPerEuro: 1.09, source: 'live' });

  await fetch(`${urls.rates}/break`, { method: 'POST' });
  for (let call = 1; call <= 3; call += 1) {
    expect(await rate()).toEqual({ dollarsPerEuro: 1.09, source: 'last known, asked in vain' });
  }
  await untilSource('last known, not asked');

  await fetch(`${urls.rates}/mend`, { method: 'POST' });
  await untilSource('live');
  expect(await stop()).toBe(0);
});

test('a visitor who comes before the first rate is told to come back', async () => {
  const { urls } = await startExample('shop');
  await fetch(`${urls.rates}/break`, { method: 'POST' });
  const response = await fetch(`${urls.shop}/rate`);
  expect([response.status, response.headers.has('retry-after'), await response.json()]).toEqual([
    503,
    true,
    { message: 'No rate yet, please try again shortly.' },
  ]);
});
