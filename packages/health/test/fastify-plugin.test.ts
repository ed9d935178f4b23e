import underPressure from '@fastify/under-pressure';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import healthPlugin from '../src/fastify.js';
import { HealthChecks } from '../src/index.js';

const fails = (): never => {
  throw new Error('broken');
};

test('serves the three routes on the instance that registers it, HEAD and query strings included', async () => {
  const app = Fastify({ exposeHeadRoutes: false });
  const health = new HealthChecks({ checks: [{ name: 'a', run: fails }] });
  await app.register(healthPlugin, { health, exposeDetails: true });
  const report = await app.inject('/health?x=1');
  expect(report.statusCode).toBe(503);
  expect(report.json()).toMatchObject({ status: 'down', checks: { a: { message: 'broken' } } });
  expect(report.headers).toMatchObject({
    'cache-control': 'no-store',
    'content-type': 'application/json; charset=utf-8',
  });
  expect((await app.inject('/health/live')).statusCode).toBe(200);
  expect((await app.inject('/health/ready')).statusCode).toBe(503);
  const head = await app.inject({ method: 'HEAD', url: '/health/live' });
  expect([head.statusCode, head.body]).toEqual([200, '']);
  expect((await app.inject('/other')).statusCode).toBe(404);
  await app.close();
});

test('a load guard does not answer 503 to its own probe (under-pressure guards its own status route)', async () => {
  const app = Fastify();
  await app.register(underPressure, { maxRssBytes: 1, sampleInterval: 5 });
  await app.register(healthPlugin, { health: new HealthChecks() });
  app.get('/work', async () => 'done');
  await expect.poll(async () => (await app.inject('/work')).statusCode).toBe(503);
  expect((await app.inject('/health/live')).statusCode).toBe(200);
  expect((await app.inject('/health/ready')).statusCode).toBe(200);
  await app.close();
});

test('probes write no request lines to the log', async () => {
  const lines: string[] = [];
  const app = Fastify({ logger: { level: 'info', stream: { write: (line: string) => lines.push(line) } } });
  await app.register(healthPlugin, { health: new HealthChecks() });
  await app.inject('/health/live');
  expect(lines).toEqual([]);
  await app.close();
});

test('the checks stay yours: closing the instance does not close them', async () => {
  const app = Fastify();
  let runs = 0;
  const health = new HealthChecks({
    checks: [
      {
        name: 'a',
        cacheMs: 0,
        run: () => {
          runs += 1;
        },
      },
    ],
  });
  await app.register(healthPlugin, { health });
  await app.inject('/health');
  await app.close();
  await health.report();
  expect(runs).toBe(2);
});

test.each([
  [{ health: new HealthChecks(), paths: { live: 5 } }, 'option "paths.live"'],
  [{}, 'option "health" must be a HealthChecks'],
])('a missing or wrong option is named when the plugin is registered', async (options, message) => {
  const app = Fastify();
  app.register(healthPlugin, options as never);
  await expect(app.ready()).rejects.toThrow(message);
});
