// A server in a process of its own, to be shut down by real signals: node server-process.mjs '{"kind":"http", …}'
import { createServer } from 'node:http';
import { GracefulShutdown, HealthChecks, nodeHandler } from '@mainstay/health';
import healthPlugin from '@mainstay/health/fastify';
import fastifyFactory from 'fastify';

const { kind, hangOnClose = false, ...options } = JSON.parse(process.argv[2] ?? '{}');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (line) => process.stdout.write(`${line}\n`);

const health = new HealthChecks({ checks: [{ name: 'self', run: () => {} }] }).start();

async function serve() {
  if (kind === 'none') return undefined;
  if (kind === 'fastify') {
    const app = fastifyFactory();
    await app.register(healthPlugin, { health });
    app.get('/work', async ({ query }) => {
      await sleep(Number(query.ms));
      return 'done';
    });
    return app;
  }
  const handle = nodeHandler(health);
  return createServer(async (request, response) => {
    if (handle(request, response)) return;
    await sleep(Number(new URL(request.url, 'http://localhost').searchParams.get('ms')));
    response.setHeader('content-length', 4).end('done');
  });
}

const server = await serve();
const log = ({ message }) => say(message);
const shutdown = new GracefulShutdown({ ...(server ? { server, health } : {}), log, ...options });
shutdown.onClose('database', () => (hangOnClose ? new Promise(() => {}) : sleep(20)));
shutdown.listen();

if (kind === 'fastify') await server.listen({ port: 0, host: '127.0.0.1' });
else if (server) await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
// Nothing else keeps a process without a server alive.
const alive = server ? undefined : setInterval(() => {}, 1_000);
shutdown.onClose('work', () => clearInterval(alive));
say(`listening ${server ? (server.server ?? server).address().port : 0}`);
