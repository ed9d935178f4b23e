// Stands for somebody else's service. POST /flaky: it answers 503 two times of three; /hang: never; /mend: as it should.
import { once } from 'node:events';
import { createServer } from 'node:http';

export async function startWeather() {
  let mode = '/mend';
  let requests = 0;
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      mode = request.url ?? '/mend';
      requests = 0;
      response.end();
      return;
    }
    requests += 1;
    if (mode === '/hang') return;
    response.statusCode = mode === '/flaky' && requests % 3 !== 0 ? 503 : 200;
    response.end(JSON.stringify({ sky: 'blue', requests }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
