// Free ports of 127.0.0.1, outside the range from which the system takes the near end of outgoing connections.
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const lowest = 10_000;
const attempts = 50;

/**
 * A port inside that range may be taken by any outgoing connection while its server is stopped, even by the very client
 * that tries to reach it again: on loopback such a client can connect to itself.
 */
function outgoingRangeStart() {
  try {
    const [start] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number);
    return start && start > lowest + 1_000 ? start : 32_768;
  } catch {
    return 49_152;
  }
}

/** @param {number} port */
export function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** It was free a moment ago; whoever starts a server on it must be ready to ask for another. */
export async function freePort() {
  const end = outgoingRangeStart();
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = randomInt(lowest, end);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port of 127.0.0.1 between ${lowest} and ${end} in ${attempts} attempts`);
}
