import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { HealthChecks, type HealthHttpOptions, nodeHandler, webHandler } from '../src/index.js';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const fails = (): never => {
  throw new Error('connect postgres://me:secret@db failed');
};

type Ask = (path: string, method?: string) => Promise<Response>;

async function overNode(health: HealthChecks, options?: HealthHttpOptions<IncomingMessage>): Promise<Ask> {
  const handle = nodeHandler(health, options);
  const server = createServer((request, response) => {
    if (!handle(request, response)) response.writeHead(418).end('the application');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return (path, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method });
}

async function overWeb(health: HealthChecks, options?: HealthHttpOptions<Request>): Promise<Ask> {
  const handle = webHandler(health, options);
  return async (path, method = 'GET') => {
    const response = await handle(new Request(`http://localhost${path}`, { method }));
    return response.status === 404 ? new Response('the application', { status: 418 }) : response;
  };
}

const kinds: [string, (health: HealthChecks, options?: HealthHttpOptions<unknown>) => Promise<Ask>][] = [
  ['Node', overNode],
  ['Web', overWeb],
];

test.each(kinds)('%s: 200 while all is well, on all three routes', async (_, serve) => {
  const ask = await serve(new HealthChecks({ checks: [{ name: 'a', run: () => {} }] }));
  for (const path of ['/health', '/health/live', '/health/ready']) {
    const response = await ask(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  }
});

test.each(kinds)(
  '%s: 503 on report and readiness when a critical check is down; liveness stays 200',
  async (_, serve) => {
    const ask = await serve(new HealthChecks({ checks: [{ name: 'a', run: fails }] }));
    expect((await ask('/health')).status).toBe(503);
    expect((await ask('/health/ready')).status).toBe(503);
    expect((await ask('/health/live')).status).toBe(200);
  },
);

test.each(kinds)('%s: degraded still serves: 200', async (_, serve) => {
  const ask = await serve(new HealthChecks({ checks: [{ name: 'a', run: fails, critical: false }] }));
  expect((await ask('/health')).status).toBe(200);
  expect(await (await ask('/health/ready')).json()).toEqual({ ready: true, status: 'degraded' });
});

test.each(kinds)(
  '%s: while shutting down readiness is 503, liveness 200 (lightship answers 500)',
  async (_, serve) => {
    const health = new HealthChecks({ checks: [{ name: 'a', run: () => {} }] });
    const ask = await serve(health);
    await ask('/health');
    health.markShuttingDown();
    const ready = await ask('/health/ready');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ ready: false, reason: 'shutting-down' });
    expect((await ask('/health')).status).toBe(503);
    expect((await ask('/health/live')).status).toBe(200);
  },
);

test.each(kinds)(
  '%s: a query string does not matter (terminus lets it fall through to the application)',
  async (_, serve) => {
    const ask = await serve(new HealthChecks());
    expect((await ask('/health?x=1')).status).toBe(200);
    expect((await ask('/health/live?')).status).toBe(200);
    expect((await ask('/health/ready?a=b&c=%2Fhealth')).status).toBe(200);
  },
);

test.each(kinds)('%s: any other URL is left to the application', async (_, serve) => {
  const ask = await serve(new HealthChecks());
  for (const path of ['/', '/healthy', '/health/other', '/api?x=/health', '/__proto__', '/constructor']) {
    expect((await ask(path)).status).toBe(418);
  }
});

test.each(kinds)('%s: HEAD has the status and no body; another method is 405', async (_, serve) => {
  const ask = await serve(new HealthChecks({ checks: [{ name: 'a', run: fails }] }));
  const head = await ask('/health', 'HEAD');
  expect(head.status).toBe(503);
  expect(await head.text()).toBe('');
  const post = await ask('/health', 'POST');
  expect(post.status).toBe(405);
  expect(post.headers.get('allow')).toBe('GET, HEAD');
});

test.each(kinds)(
  '%s: a stranger learns the status alone; details are shown where they are exposed',
  async (_, serve) => {
    const health = new HealthChecks({
      name: 'gateway',
      version: '1.2.3',
      checks: [
        { name: 'db', run: fails },
        { name: 'pool', run: () => ({ size: 3 }) },
      ],
    });
    const closed = await serve(health);
    expect(await (await closed('/health')).json()).toEqual({ status: 'down', shuttingDown: false });
    expect(await (await closed('/health/ready')).json()).toEqual({
      ready: false,
      status: 'down',
      reason: 'checks-down',
    });
    const open = await serve(health, { exposeDetails: true });
    expect(await (await open('/health')).json()).toMatchObject({
      name: 'gateway',
      version: '1.2.3',
      status: 'down',
      checks: {
        db: { status: 'down', message: 'connect postgres://***@db failed' },
        pool: { status: 'up', details: { size: 3 } },
      },
    });
    expect(await (await open('/health/ready')).json()).toMatchObject({ down: ['db'] });
  },
);

test.each(kinds)(
  '%s: one endpoint never shows what another was asked for (terminus leaks it)',
  async (_, serve) => {
    const health = new HealthChecks({ checks: [{ name: 'a', run: () => ({ onlyInReport: 1 }) }] });
    const ask = await serve(health, { exposeDetails: true });
    const before = await (await ask('/health/live')).text();
    expect(await (await ask('/health')).text()).toContain('onlyInReport');
    expect(await (await ask('/health/live')).text()).toBe(before);
    expect(await (await ask('/health/ready')).text()).not.toContain('onlyInReport');
  },
);

test('two servers of one process do not overwrite each other (terminus keeps its bodies in the module)', async () => {
  const good = await overNode(new HealthChecks({ name: 'good' }), { exposeDetails: true });
  const bad = await overNode(new HealthChecks({ name: 'bad', checks: [{ name: 'a', run: fails }] }));
  expect((await good('/health')).status).toBe(200);
  expect((await bad('/health')).status).toBe(503);
  expect(await (await good('/health')).json()).toMatchObject({ name: 'good', status: 'up' });
});

test('who is shown the details can be decided by the request; a decider that throws shows nothing', async () => {
  const health = new HealthChecks({ name: 'gateway' });
  const handle = webHandler(health, {
    exposeDetails: (request) => {
      if (request.headers.get('authorization') === 'explode') throw new Error('boom');
      return request.headers.get('authorization') === 'let me in';
    },
  });
  const ask = (authorization: string) =>
    handle(new Request('http://localhost/health', { headers: { authorization } }));
  expect(await (await ask('let me in')).json()).toHaveProperty('name', 'gateway');
  expect(await (await ask('nobody')).json()).not.toHaveProperty('name');
  expect((await ask('explode')).status).toBe(503);
  expect((await ask('nobody')).status).toBe(200);
});

test('paths can be moved', async () => {
  const ask = await overNode(new HealthChecks(), { paths: { live: '/livez', ready: '/readyz' } });
  expect((await ask('/livez')).status).toBe(200);
  expect((await ask('/readyz?verbose')).status).toBe(200);
  expect((await ask('/health')).status).toBe(200);
  expect((await ask('/health/live')).status).toBe(418);
});

test('a visitor who leaves while a check runs disturbs nobody', async () => {
  let finish = (): void => {};
  const slow = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const ask = await overNode(new HealthChecks({ checks: [{ name: 'slow', run: () => slow }] }));
  const { port } = (servers[0] as Server).address() as AddressInfo;
  const leaver = httpRequest({ port, host: '127.0.0.1', path: '/health' });
  const gone = new Promise((resolve) => leaver.on('error', resolve));
  leaver.end();
  const stays = ask('/health');
  leaver.destroy(new Error('no patience'));
  await gone;
  finish();
  expect((await stays).status).toBe(200);
});
