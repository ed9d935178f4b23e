import { expect, test } from 'vitest';
import { getJson, startExample } from '../../../scripts/toolchain/start-example.js';

test('failures are tried again, a service that hangs is given up, and the page always has an answer', async () => {
  const { urls, stop } = await startExample('page');
  const sky = async () => (await getJson<{ sky: string }>(`${urls.page}/`)).sky;
  const stats = () => getJson<Record<string, number>>(`${urls.page}/stats`);
  const weather = (mode: string) => fetch(`${urls.weather}${mode}`, { method: 'POST' });
  expect(await sky()).toBe('blue');

  await weather('/flaky');
  expect(await sky()).toBe('blue');
  // At least: an attempt may have taken too long by itself.
  const { recovered, retries } = await stats();
  expect(recovered).toBeGreaterThanOrEqual(1);
  expect(retries).toBeGreaterThanOrEqual(2);

  await weather('/hang');
  expect(await sky()).toBe('unknown, take an umbrella');
  expect(await stats()).toMatchObject({ succeeded: 2, failed: 1 });

  await weather('/mend');
  expect(await sky()).toBe('blue');
  expect(await stop()).toBe(0);
});
