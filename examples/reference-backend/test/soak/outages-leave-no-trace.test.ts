// Minutes of traffic (MAINSTAY_SOAK_MINUTES, 10 by default) while models, Redis and Postgres come and go.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type ServiceHandle, startServices } from '../../../../scripts/services/index.mjs';
import { call, visitor } from '../support/client.js';
import { testWith } from '../support/parts.js';
import { startProcess } from '../support/process.js';
import { modelsOf, startStandIn } from '../support/stand-in.js';

const test = await testWith('postgres', 'redis');
const soakMs = Number(process.env.MAINSTAY_SOAK_MINUTES ?? 10) * 60_000;
const visitors = 8;
/** Of one outage and of the calm after it. */
const phaseMs = 5_000;

const gauge = (exposition: string, name: string) =>
  exposition
    .split('\n')
    .filter((line) => line.startsWith(name))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

test('outages leave no trace: every visitor is answered, memory stays flat, nothing is held', async () => {
  await using services = await startServices({ postgres: true, redis: true });
  const postgres = services.postgres as ServiceHandle;
  const redis = services.redis as ServiceHandle;
  const sage = await startStandIn('sage');
  const scout = await startStandIn('scout');
  const backend = startProcess({
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    MODELS: modelsOf([sage, scout]),
    LOG_LEVEL: 'silent',
  });
  const url = await backend.ready;
  const until = performance.now() + soakMs;
  const statuses = new Map<number, number>();
  const memory: number[] = [];
  const failures: unknown[] = [];

  const visit = async (name: string) => {
    const { get, chat } = await visitor(url, name);
    while (performance.now() < until) {
      for (const ask of [
        () => chat('Are you there?'),
        () => get('/api/analytics/usage-by-model'),
        () => get('/api/models'),
      ]) {
        const { status } = await ask();
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      await sleep(20);
    }
  };
  const watch = async () => {
    while (performance.now() < until) {
      memory.push(gauge((await call(`${url}/metrics`)).text, 'process_resident_memory_bytes'));
      await sleep(1_000);
    }
  };
  const outages = [
    () => redis.restart(),
    () => sage.control({ mode: 'fail' }),
    () => postgres.restart(),
    () => sage.control({ mode: 'hang' }),
    () =>
      redis
        .freeze()
        .then(() => sleep(1_000))
        .then(() => redis.thaw()),
    () => sage.control({ mode: 'ok' }),
  ];
  const breakThings = async () => {
    for (let turn = 0; performance.now() < until - phaseMs; turn += 1) {
      await outages[turn % outages.length]?.();
      await sleep(phaseMs);
    }
    await sage.control({ mode: 'ok' });
  };

  try {
    const everybody = Array.from({ length: visitors }, (_, index) => visit(`visitor-${index}`));
    await Promise.all(
      [...everybody, watch(), breakThings()].map((work) => work.catch((error) => failures.push(error))),
    );
    expect(failures).toEqual([]);
    // While Postgres restarts, what only it knows is 503; nobody ever sees a 500, and nobody is cut off.
    expect([...statuses.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(statuses.get(200) ?? 0).toBeGreaterThan(20 * (statuses.get(503) ?? 0));
    const settled = memory.slice(Math.floor(memory.length / 4));
    const half = Math.floor(settled.length / 2);
    expect(median(settled.slice(half))).toBeLessThan(1.25 * median(settled.slice(0, half)));
    const { text } = await call(`${url}/metrics`);
    expect(gauge(text, 'mainstay_pool_waiting')).toBe(0);
    expect(gauge(text, 'mainstay_pool_connections{name="postgres",state="in_use"}')).toBe(0);
  } finally {
    backend.child.kill('SIGTERM');
    const { code } = await backend.ended;
    await Promise.all([sage.close(), scout.close()]);
    expect(code).toBe(0);
  }
});
