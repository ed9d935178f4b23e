import { connect as connectNet, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { onAbort } from '@mainstay/core';
import type { PoolClient } from 'pg';

/** What a cancel request needs to know of the connection whose statement it ends. */
export interface CancelTarget {
  host: string;
  port: number;
  /** As the connection has it. */
  ssl: boolean | ConnectionOptions;
  /** TLS from the first byte, without asking first (PostgreSQL 17). */
  direct: boolean;
  processId: number;
  secretKey: number;
}

/** Undefined: this driver does not tell (pg-native), or the connection runs over a stream of somebody's own. */
export function cancelTarget(client: PoolClient): CancelTarget | undefined {
  const { host, port, ssl, sslNegotiation, processID, secretKey } = client as unknown as Record<
    string,
    unknown
  >;
  if (typeof host !== 'string' || typeof port !== 'number') return undefined;
  if (typeof processID !== 'number' || typeof secretKey !== 'number') return undefined;
  const direct = sslNegotiation === 'direct';
  return { host, port, ssl: (ssl ?? false) as CancelTarget['ssl'], direct, processId: processID, secretKey };
}

/** An SSLRequest: the length, and the number that stands for it. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const CANCEL_REQUEST_CODE = 80_877_102;

function cancelMessage({ processId, secretKey }: CancelTarget): Buffer {
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(CANCEL_REQUEST_CODE, 4);
  message.writeInt32BE(processId, 8);
  message.writeInt32BE(secretKey, 12);
  return message;
}

/**
 * Sends a CancelRequest on a socket of its own, encrypted where the connection is, and waits until the server has closed it:
 * by then the statement's process has been told. PostgreSQL, 54.2.8 "Canceling Requests in Progress".
 * @param wanted asked when the request could be sent: the statement may be over by then
 * @throws when the server was not reached or the signal was aborted
 */
export function sendCancelRequest(
  target: CancelTarget,
  wanted: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = target.host.startsWith('/')
      ? connectNet({ path: `${target.host}/.s.PGSQL.${target.port}` })
      : connectNet({ host: target.host, port: target.port });
    let leave = (): void => {};
    const fail = (error: unknown): void => {
      leave();
      socket.destroy();
      reject(error);
    };
    leave = onAbort(signal, fail);
    const send = (stream: Socket): void => {
      stream.once('error', fail);
      stream.once('close', () => {
        leave();
        resolve();
      });
      stream.resume();
      if (wanted()) stream.write(cancelMessage(target));
      else stream.end();
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.setNoDelay(true);
      if (target.ssl === false) send(socket);
      else if (target.direct) encrypt(socket, target, send, fail);
      else {
        socket.write(SSL_REQUEST);
        socket.once('data', (answer) => {
          if (answer.toString('latin1') === 'S') encrypt(socket, target, send, fail);
          else fail(new Error('The server refused TLS for a cancel request'));
        });
      }
    });
  });
}

function encrypt(
  socket: Socket,
  { host, ssl, direct }: CancelTarget,
  ready: (stream: Socket) => void,
  fail: (error: unknown) => void,
): void {
  const options: ConnectionOptions = { socket, host, ...(typeof ssl === 'object' ? ssl : {}) };
  // pg hides the key from enumeration.
  if (typeof ssl === 'object' && ssl.key !== undefined) options.key = ssl.key;
  if (direct) options.ALPNProtocols = ['postgresql'];
  if (isIP(host) === 0) options.servername = host;
  const stream = connectTls(options);
  stream.once('error', fail);
  stream.once('secureConnect', () => ready(stream));
}
