import { connect, type Socket } from 'node:net';

/** One TCP connection on which HTTP is spoken by hand, so that its fate can be watched. */
export class Connection {
  readonly socket: Socket;
  readonly closed: Promise<number>;
  received = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8').on('data', (data: string) => {
      this.received += data;
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.once('close', () => resolve(performance.now())));
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Connection(socket)));
      socket.once('error', reject);
    });
  }

  /** A keep-alive GET; resolves with everything received from here on until the reply is complete. */
  async get(path: string): Promise<string> {
    const from = this.received.length;
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n`);
    for (;;) {
      const reply = this.received.slice(from);
      const length = /content-length: (\d+)/i.exec(reply)?.[1];
      const head = reply.indexOf('\r\n\r\n');
      if (length !== undefined && head !== -1 && reply.length >= head + 4 + Number(length)) return reply;
      if (this.socket.destroyed) return reply;
      await sleep(2);
    }
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const statusOf = (reply: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(reply)?.[1] ?? 0);

export const refuses = async (port: number): Promise<boolean> =>
  Connection.open(port).then(
    ({ socket }) => {
      socket.destroy();
      return false;
    },
    () => true,
  );
