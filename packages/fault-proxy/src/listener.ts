import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Clock, type Deadline, deadlinesOf, type MainstayError } from '@mainstay/core';
import { listenError } from './listen-error.js';

export interface ListenerHooks {
  readonly clock: Clock;
  readonly maxConnections: number;
  onConnection(socket: Socket): void;
  /** One more connection than `maxConnections` was turned away. */
  onOverflow(): void;
  /** The port could not be had back after a refusal; it is tried again. */
  onListenError(error: MainstayError): void;
}

/** How long to wait for a port that somebody took while we did not listen. */
const RETRY_MS = 50;

/** The listening socket, which can stop listening and start again on the same port. */
export class Listener {
  readonly #hooks: ListenerHooks;
  #server: Server | undefined;
  #host: string;
  #port: number;
  #refusals = 0;
  #closed = false;
  #retry: Deadline | undefined;

  constructor(host: string, port: number, hooks: ListenerHooks) {
    this.#host = host;
    this.#port = port;
    this.#hooks = hooks;
  }

  get host(): string {
    return this.#host;
  }

  get port(): number {
    return this.#port;
  }

  get listening(): boolean {
    return this.#server?.listening === true;
  }

  /** @throws MainstayError `ERR_PORT_TAKEN` or `ERR_LISTEN` */
  async open(): Promise<void> {
    const server = await this.#listen();
    const address = server.address() as AddressInfo;
    // The address, not the name: listening again must find the same one.
    this.#host = address.address;
    this.#port = address.port;
  }

  /** Stops listening until `admit` was called as often. */
  refuse(): void {
    this.#refusals += 1;
    if (this.#refusals === 1) this.#stop();
  }

  admit(): void {
    this.#refusals -= 1;
    if (this.#refusals === 0) this.#listenAgain();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #stop(): void {
    this.#retry?.cancel();
    this.#server?.close();
    this.#server = undefined;
  }

  #listenAgain(): void {
    if (this.#closed || this.#refusals > 0) return;
    this.#listen().catch((error: MainstayError) => {
      if (this.#closed) return;
      this.#hooks.onListenError(error);
      this.#retry = deadlinesOf(this.#hooks.clock).add(RETRY_MS, () => this.#listenAgain());
    });
  }

  #listen(): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, this.#hooks.onConnection);
    server.maxConnections = this.#hooks.maxConnections;
    server.on('drop', () => this.#hooks.onOverflow());
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', (cause) => reject(listenError('createFaultProxy', this.#host, this.#port, cause)));
      server.listen({ host: this.#host, port: this.#port, backlog: 4_096 }, () => {
        // After this, errors concern single connections (no file descriptor left): they must not be uncaught.
        server.on('error', () => {});
        resolve(server);
      });
    });
  }
}
