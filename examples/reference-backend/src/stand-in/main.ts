// A stand-in for a model provider: `node dist/stand-in.js --name sage --port 4101`.
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { createStandIn } from './server.js';

const { values } = parseArgs({
  options: { name: { type: 'string', default: 'stand-in' }, port: { type: 'string', default: '0' } },
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`--port must be a port from 0 to 65535, received ${JSON.stringify(values.port)}`);
  process.exit(1);
}

const server = createStandIn(values.name);
server.on('error', (error: NodeJS.ErrnoException) => {
  const taken = `Port ${port} is taken: choose another one with --port, or 0 for any free one.`;
  console.error(error.code === 'EADDRINUSE' ? taken : `The stand-in cannot start: ${error.message}`);
  process.exit(1);
});
server.listen(port, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  if (process.send) process.send({ type: 'ready', name: values.name, url });
  else console.log(JSON.stringify({ type: 'ready', name: values.name, url }));
});

// At once: answers under way are those of a model that died, which is what a stand-in is for.
const stop = () => process.exit(0);
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
// Whoever started it is gone: nobody else will end it.
process.once('disconnect', stop);
