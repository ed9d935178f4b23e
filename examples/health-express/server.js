// Probes that tell the truth, and a shutdown that says so before it stops answering.
import { setTimeout as sleep } from 'node:timers/promises';
import { GracefulShutdown, HealthChecks, nodeHandler, pingCheck } from '@mainstay/health';
import express from 'express';

// Stand for connections that you have: POST /break/postgres, POST /mend/postgres.
/** @type {Set<string>} */
const broken = new Set();
/** @param {string} what */
const ping = async (what) => {
  if (broken.has(what)) throw new Error(`${what} does not answer`);
};

const health = new HealthChecks({
  name: 'orders',
  checks: [
    pingCheck('postgres', () => ping('postgres'), { cacheMs: 100 }),
    pingCheck('redis', () => ping('redis'), { cacheMs: 100, critical: false }), // without it the service is degraded, not down
  ],
});
const handleHealth = nodeHandler(health, { exposeDetails: true });

const app = express();
app.use((request, response, next) => {
  if (!handleHealth(request, response)) next();
});

app.post('/:action/:what', (request, response) => {
  const { action, what } = request.params;
  if (action === 'break') broken.add(what);
  else broken.delete(what);
  response.sendStatus(204);
});

app.get('/orders', async (_request, response) => {
  response.write('one order, ');
  await sleep(500); // an answer that takes its time
  response.end('and another');
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`orders at http://127.0.0.1:${port}`);
});

const shutdown = new GracefulShutdown({
  server,
  health,
  preStopDelayMs: Number(process.env.PRE_STOP_DELAY_MS ?? 5_000), // the load balancer needs time to see that readiness is red
});
shutdown.onClose('postgres', () => console.log('the connections are closed last'));
shutdown.listen(); // SIGTERM and SIGINT
