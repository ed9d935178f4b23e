// Stands for somebody else's service. POST /break, and it answers 500; POST /mend, and it works again.
import { once } from 'node:events';
import { createServer } from 'node:http';

export async function startRates() {
  let broken = false;
  const server = createServer((request, response) => {
    if (request.method === 'POST') broken = request.url === '/break';
    response.statusCode = broken && request.method === 'GET' ? 500 : 200;
    response.end('1.09');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
