// Visitors ask for a rate that comes from another service. While that one fails, the circuit is open:
// nobody waits for it, and everybody gets the last known rate.
import { CircuitBreaker, isCircuitOpenError } from '@mainstay/circuit-breaker';
import Fastify from 'fastify';
import { startRates } from './rates.js';

const rates = await startRates();

const breaker = new CircuitBreaker({ name: 'rates', failureThreshold: 3, openMs: 2_000 });
breaker.on('stateChange', ({ name, from, to, reason }) =>
  console.log(`${name}: ${from} -> ${to} (${reason})`),
);

/** @type {number | undefined} */
let lastKnown;

async function currentRate() {
  // The time limit is inside the breaker, so that an answer that does not come counts as a failure.
  const response = await fetch(rates.url, { signal: AbortSignal.timeout(2_000) });
  if (!response.ok) throw new Error(`rates answered ${response.status}`);
  lastKnown = Number(await response.text());
  return lastKnown;
}

const app = Fastify();

app.get('/rate', async (_request, reply) => {
  try {
    return { dollarsPerEuro: await breaker.execute(currentRate), source: 'live' };
  } catch (error) {
    const source = isCircuitOpenError(error) ? 'last known, not asked' : 'last known, asked in vain';
    if (lastKnown !== undefined) return { dollarsPerEuro: lastKnown, source };
    reply.code(503).header('retry-after', Math.ceil(breaker.retryAfterMs / 1_000));
    return { message: 'No rate yet, please try again shortly.' };
  }
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await app.close();
    rates.close();
  });
}

const url = await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) });
console.log(`rates at ${rates.url}`);
console.log(`shop at ${url}`);
