// A page asks another service over HTTP. A failure is tried again, an attempt and the whole call have a time limit,
// and when all else fails there is something to say.
import { createServer } from 'node:http';
import { fallback, pipeline, retry, timeout } from '@mainstay/policies';
import { resilientFetch } from '@mainstay/policies/fetch';
import { startWeather } from './weather.js';

const weather = await startWeather();

const retries = retry({ maxAttempts: 3, backoff: { baseMs: 20, maxMs: 200 } });
retries.on('retry', ({ attempt, error }) => console.log(`attempt ${attempt}: ${error}`));

// The first part is the outermost.
const fetchWeather = resilientFetch(
  pipeline(
    fallback(() => Response.json({ sky: 'unknown, take an umbrella' })),
    timeout({ name: 'whole call', timeoutMs: 5_000 }),
    retries,
    timeout({ name: 'attempt', timeoutMs: 1_000 }),
  ),
);

const server = createServer(async (request, response) => {
  if (request.url === '/stats') {
    response.end(JSON.stringify(retries.stats()));
    return;
  }
  // It has the signature of fetch, and rejects only where the fallback does.
  const answer = await fetchWeather(weather.url);
  response.setHeader('content-type', 'application/json');
  response.end(await answer.text());
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    weather.close();
  });
}

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`weather at ${weather.url}`);
  console.log(`page at http://127.0.0.1:${port}`);
});
