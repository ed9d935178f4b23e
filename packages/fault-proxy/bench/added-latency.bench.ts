import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import { connect } from 'node:net';
import { question } from '../../../scripts/bench/harness.mjs';
import { serverOf, startProxies } from './ports.js';

const tcp = await startProxies(serverOf((socket) => void socket.pipe(socket)));

async function roundTripper(port: number) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const message = Buffer.alloc(100, 'x');
  return async (roundTrips: number): Promise<void> => {
    for (let done = 0; done < roundTrips; done++) {
      const answered = new Promise((resolve) => socket.once('data', resolve));
      socket.write(message);
      await answered;
    }
  };
}

await question({
  title: 'A round trip of 100 bytes without a fault: what the proxy adds',
  floor: 'direct',
  peer: 'bare net pipe',
  subtractFloor: true,
  target: 'added at the median < 500 us',
  unit: 'us',
  iterations: 1_000,
  rounds: 15,
  contestants: {
    direct: await roundTripper(tcp.ports.direct),
    'bare net pipe': await roundTripper(tcp.ports.pipe),
    'fault-proxy': await roundTripper(tcp.ports.proxy),
  },
});
await tcp.stop();

const http = await startProxies(createServer((_request, response) => void response.end('hello')));

function asker(port: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return async (requests: number): Promise<void> => {
    for (let done = 0; done < requests; done++) {
      await new Promise((resolve) => {
        get({ port, host: '127.0.0.1', agent }, (answer) => answer.resume().once('end', resolve));
      });
    }
  };
}

await question({
  title: 'A small HTTP request without a fault: what the proxy adds, on bytes and in the HTTP mode',
  floor: 'direct',
  subtractFloor: true,
  target: 'added at the median < 500 us',
  unit: 'us',
  iterations: 300,
  rounds: 15,
  contestants: {
    direct: asker(http.ports.direct),
    'bare net pipe': asker(http.ports.pipe),
    'fault-proxy': asker(http.ports.proxy),
    'fault-proxy, http: true': asker(http.ports.http),
  },
});
process.exit(0);
