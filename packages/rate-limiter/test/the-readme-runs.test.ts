import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import * as mainstay from '../src/index.js';
import * as redisEntry from '../src/redis.js';
import { redisTest } from './support/redis.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code as string);

/** Runs a block as it stands there; only where its imports come from, and the port, are ours. */
async function run(code: string, modules: Record<string, object>, scope: Record<string, unknown>) {
  const body = code.replace(/^import (\{.*?\}) from ('.*?');$/gm, 'const $1 = modules[$2];');
  expect(body).not.toContain('import ');
  const AsyncFunction = (async () => {}).constructor as new (
    ...text: string[]
  ) => (...values: unknown[]) => unknown;
  await new AsyncFunction('modules', ...Object.keys(scope), body)(modules, ...Object.values(scope));
}

test('the first block prints what is shown below it, and the sixth request is refused as shown', async () => {
  const servers: http.Server[] = [];
  const printed: unknown[] = [];
  const createServer = (handler: http.RequestListener): http.Server => {
    const server = http.createServer(handler);
    const listen = server.listen.bind(server) as (port: number, host: string) => http.Server;
    server.listen = (() => listen(0, '127.0.0.1')) as typeof server.listen;
    servers.push(server);
    return server;
  };
  await run(
    blocks[0] as string,
    { 'node:http': { createServer }, '@mainstay/rate-limiter': mainstay },
    { console: { log: (value: unknown) => printed.push(value) } },
  );
  const shown = /^(\{ allowed:[\s\S]*?policies: undefined \})/m.exec(readme)?.[1] as string;
  expect(printed).toEqual([new Function(`return ${shown}`)()]);

  const [server] = servers as [http.Server];
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (let request = 0; request < 5; request += 1) {
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([200, 'hello\n']);
  }
  const refused = await fetch(url);
  const { detail, ...problem } = (await refused.json()) as Record<string, unknown>;
  const shownProblem = JSON.parse(/^\{"type"[\s\S]*?\}$/m.exec(readme)?.[0] as string);
  expect(problem).toEqual({ ...shownProblem, detail: undefined });
  expect(detail).toMatch(/^Too many requests\. Please wait 1\d minutes and try again\.$/);
  expect(refused.headers.get('ratelimit-policy')).toBe('"login";q=5;w=900');
  for (const field of ['ratelimit', 'retry-after', 'content-type']) {
    expect(readme).toContain(`\n${field}: `);
    expect(refused.headers.get(field)).not.toBeNull();
  }
  await new Promise((resolve) => server.close(resolve));
});

redisTest('the block about Redis makes a limiter that decides', async ({ client }) => {
  const made: mainstay.RateLimiter[] = [];
  class Watched extends mainstay.RateLimiter {
    constructor(options: mainstay.RateLimiterOptions) {
      super(options);
      made.push(this);
    }
  }
  await run(
    blocks[1] as string,
    { '@mainstay/rate-limiter/redis': redisEntry },
    { ioredis: await client(), RateLimiter: Watched },
  );
  expect(await made[0]?.consume('user:42')).toMatchObject({ allowed: true, limit: 100, degraded: false });
  await made[0]?.close();
});

test('the page is short enough to be read', () => {
  expect(readme.split('\n').length).toBeLessThanOrEqual(121);
});
