import { expect, test } from 'vitest';
import { startServices } from '../../../scripts/services/index.mjs';
import { startExample } from '../../../scripts/toolchain/start-example.js';
import { testWith } from '../../../scripts/toolchain/test-with.js';

const testWithRedis = await testWith('redis');

test('five searches are answered, the sixth is told when to come back', async () => {
  const { urls, stop } = await startExample('search');
  for (let left = 4; left >= 0; left -= 1) {
    const response = await fetch(`${urls.search}/search?q=lamp`);
    expect(response.status).toBe(200);
    expect(response.headers.get('ratelimit-policy')).toBe('"search";q=5;w=60');
    expect(response.headers.get('ratelimit')).toContain(`"search";r=${left};`);
    expect(await response.json()).toEqual({ found: ['something about lamp'] });
  }
  const refused = await fetch(`${urls.search}/search?q=lamp`);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ title: 'Too many requests', 'violated-policies': ['search'] });
  expect(await stop()).toBe(0);
});

testWithRedis('two processes share the limit through Redis', async () => {
  await using services = await startServices({ redis: true });
  // A machine that is busy must not look like a Redis that is away.
  const env = { REDIS_URL: services.redis?.url ?? '', REDIS_TIMEOUT_MS: '10000' };
  const shops = [await startExample('search', env), await startExample('search', env)];
  const statuses: number[] = [];
  for (let call = 0; call < 6; call += 1) {
    const response = await fetch(`${shops[call % 2]?.urls.search}/search`);
    await response.body?.cancel();
    statuses.push(response.status);
  }
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  expect(await Promise.all(shops.map(({ stop }) => stop()))).toEqual([0, 0]);
});
