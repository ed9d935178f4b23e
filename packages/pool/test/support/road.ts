import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to the server on which answers can be lost, and which can lead to another one. */
export async function roadTo(port: number) {
  const sockets = new Set<Socket>();
  let muted = false;
  let goal = port;
  const road = createServer((client) => {
    const server = connect(goal, '127.0.0.1');
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    client.pipe(server);
    server.on('data', (data) => muted || client.write(data));
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
  });
  await new Promise<void>((resolve) => road.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    muted = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (road.address() as AddressInfo).port,
    mute: () => {
      muted = true;
    },
    /** For connections from now on. */
    leadTo: (other: number) => {
      goal = other;
    },
    cut,
    close: () => road.close(cut),
  };
}
