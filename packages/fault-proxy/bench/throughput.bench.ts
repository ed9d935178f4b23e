import { once } from 'node:events';
import { connect } from 'node:net';
import { question } from '../../../scripts/bench/harness.mjs';
import { serverOf, startProxies } from './ports.js';

const MEBIBYTE = Buffer.alloc(2 ** 20, 'x');

/** Answers each connection with as many mebibytes as its first byte says. */
const { ports } = await startProxies(
  serverOf((socket) => {
    socket.once('data', ([mebibytes = 0]) => {
      let left = mebibytes;
      const send = (): void => {
        while (left > 0) {
          left -= 1;
          if (!socket.write(MEBIBYTE)) return;
        }
        socket.end();
      };
      socket.on('drain', send);
      send();
    });
  }),
);

function download(port: number) {
  return async (mebibytes: number): Promise<void> => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write(Buffer.of(mebibytes));
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    await once(socket, 'end');
    socket.destroy();
    if (bytes !== mebibytes * MEBIBYTE.length) throw new Error(`${bytes} bytes of ${mebibytes} MiB`);
  };
}

await question({
  title: 'A mebibyte without a fault, in a stream of 200: throughput',
  floor: 'direct',
  peer: 'bare net pipe',
  target: 'at most 2x the time of a bare pipe (half its throughput)',
  unit: 'us',
  iterations: 200,
  rounds: 11,
  contestants: {
    direct: download(ports.direct),
    'bare net pipe': download(ports.pipe),
    'fault-proxy': download(ports.proxy),
  },
});
process.exit(0);
