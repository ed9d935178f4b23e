// Real HTTP over one loopback connection, ten requests on the way at a time, client and servers in one process.
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import underPressure from '@fastify/under-pressure';
import { createTerminus } from '@godaddy/terminus';
import { HealthChecks, nodeHandler } from '@mainstay/health';
import healthPlugin from '@mainstay/health/fastify';
import fastify from 'fastify';
import { figures, question } from '../../../scripts/bench/harness.mjs';

const inFlight = 10;
const servers: Server[] = [];

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A client that costs next to nothing: it counts status lines. */
async function client(port: number): Promise<(operations: number) => Promise<void>> {
  const ask = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
  await new Promise((resolve) => socket.once('connect', resolve));
  return (operations) =>
    new Promise((resolve, reject) => {
      let [asked, answered] = [0, 0];
      const fill = () => {
        const next = Math.min(inFlight - (asked - answered), operations - asked);
        if (next > 0) socket.write(ask.repeat(next));
        asked += Math.max(next, 0);
      };
      const onData = (data: string) => {
        if (!data.includes(' 200 OK')) reject(new Error(data));
        answered += data.split('HTTP/1.1 ').length - 1;
        if (answered < operations) return fill();
        socket.off('data', onData);
        resolve();
      };
      socket.on('data', onData);
      fill();
    });
}

const check = { name: 'self', run: async () => {} };

async function bare(): Promise<Server> {
  const body = JSON.stringify({ status: 'up' });
  return createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  });
}

async function mainstay(): Promise<Server> {
  const handle = nodeHandler(new HealthChecks({ checks: [check] }));
  return createServer(
    (request, response) => void (handle(request, response) || response.writeHead(404).end()),
  );
}

async function terminus(): Promise<Server> {
  const server = createServer((_, response) => void response.writeHead(404).end());
  return createTerminus(server, { healthChecks: { '/health': async () => ({ self: 'up' }) } }) as Server;
}

async function mainstayFastify(): Promise<Server> {
  const app = fastify();
  await app.register(healthPlugin, { health: new HealthChecks({ checks: [check] }) });
  await app.ready();
  return app.server;
}

async function underPressureFastify(): Promise<Server> {
  const app = fastify();
  await app.register(underPressure, {
    exposeStatusRoute: '/health',
    healthCheck: async () => true,
  });
  await app.ready();
  return app.server;
}

const contestants = {
  'bare http server': await client(await listening(await bare())),
  'mainstay, node:http': await client(await listening(await mainstay())),
  'terminus 4': await client(await listening(await terminus())),
  'mainstay, Fastify': await client(await listening(await mainstayFastify())),
  'under-pressure 9, Fastify': await client(await listening(await underPressureFastify())),
};

await question({
  title: 'a health route with one check, over HTTP: time a request',
  floor: 'bare http server',
  peer: 'terminus 4',
  target: 'node:http <= 0.85 of terminus, <= 1.2 of the bare server',
  iterations: 2_000,
  rounds: 15,
  unit: 'us',
  note: 'client and server share the process; ours remembers a result for 1 s, terminus and under-pressure run their check every time',
  contestants,
});

/** How often a check of 50 ms runs when 1,000 probes come at once. */
async function runsOf(serve: (run: () => Promise<void>) => Promise<Server>): Promise<number> {
  let runs = 0;
  const port = await listening(
    await serve(async () => {
      runs += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }),
  );
  const before = runs;
  const url = `http://127.0.0.1:${port}/health`;
  await Promise.all(Array.from({ length: 1_000 }, async () => (await fetch(url)).text()));
  return runs - before;
}

figures({
  title: 'runs of a 50 ms check for 1,000 concurrent probes',
  target: '1 (with a burst longer than the result is remembered: one a second)',
  rows: [
    {
      name: 'mainstay',
      values: {
        runs: await runsOf(async (run) => {
          const handle = nodeHandler(new HealthChecks({ checks: [{ name: 'slow', run }] }));
          return createServer((request, response) => void handle(request, response));
        }),
      },
    },
    {
      name: 'mainstay, cacheMs: 0',
      values: {
        runs: await runsOf(async (run) => {
          const handle = nodeHandler(new HealthChecks({ checks: [{ name: 'slow', run, cacheMs: 0 }] }));
          return createServer((request, response) => void handle(request, response));
        }),
      },
    },
    {
      name: 'terminus 4',
      values: {
        runs: await runsOf(
          async (run) =>
            createTerminus(
              createServer((_, response) => void response.writeHead(404).end()),
              { healthChecks: { '/health': run } },
            ) as Server,
        ),
      },
    },
    {
      name: 'under-pressure 9',
      values: {
        runs: await runsOf(async (run) => {
          const app = fastify();
          await app.register(underPressure, {
            exposeStatusRoute: '/health',
            healthCheck: async () => {
              await run();
              return true;
            },
          });
          await app.ready();
          return app.server;
        }),
      },
    },
  ],
});

for (const server of servers) {
  server.close();
  server.closeAllConnections();
}
