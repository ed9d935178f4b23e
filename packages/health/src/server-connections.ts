import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

interface SocketState {
  /** Requests that arrived on it. */
  requests: number;
  /** The socket was handed over to another protocol, a WebSocket for one: HTTP neither counts nor closes it any more. */
  upgraded: boolean;
  /** A sweep has seen it without a single byte received. */
  seenUnused: boolean;
}

const upgradeEvents = ['upgrade', 'connect'] as const;

/**
 * Knows the sockets of one HTTP/1.1 server, since Node alone cannot close them all: `closeIdleConnections()` leaves alone those
 * that have not sent a request yet, and neither it nor `closeAllConnections()` reaches those that were upgraded.
 */
export class ServerConnections {
  readonly #server: Server;
  readonly #sockets = new Map<Socket, SocketState>();
  /** Of a TLS server: the bare sockets below, which stand alone until the handshake is done. */
  readonly #bare = new Set<Socket>();
  readonly #responses = new Set<ServerResponse>();
  readonly #watchedUpgrades = new Set<string>();
  #closing = false;

  constructor(server: Server) {
    this.#server = server;
    server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', this.#onSocket);
    if (server instanceof TlsServer) server.on('connection', this.#onBareSocket);
    server.prependListener('request', this.#onRequest);
    for (const event of upgradeEvents) if (server.listenerCount(event) > 0) this.#watchUpgrade(event);
    server.on('newListener', this.#onNewListener);
  }

  /** Sockets that still speak HTTP, or are about to. */
  get open(): number {
    return this.#sockets.size - this.upgraded;
  }

  get upgraded(): number {
    let count = 0;
    for (const { upgraded } of this.#sockets.values()) if (upgraded) count += 1;
    return count;
  }

  get inFlight(): number {
    return this.#responses.size;
  }

  /** No new socket from here on, and every reply that has not begun says `Connection: close`. */
  stopAccepting(): void {
    this.#closing = true;
    for (const response of this.#responses) closeAfter(response);
    // A server that never listened, or was closed by somebody else, is where it should be.
    this.#server.close(() => {});
  }

  /** Closes what is idle now. A socket that has sent nothing is given one sweep's time to begin. */
  sweep(): void {
    this.#server.closeIdleConnections();
    for (const [socket, state] of this.#sockets) {
      if (state.upgraded || state.requests > 0 || socket.bytesRead > 0) continue;
      if (state.seenUnused) socket.destroy();
      state.seenUnused = true;
    }
  }

  /** Cuts whatever is left, and says how many were neither closed nor ended by their owner. */
  cutAll(): number {
    let count = 0;
    for (const { destroyed, writableEnded } of this.#sockets.keys())
      if (!destroyed && !writableEnded) count += 1;
    this.#server.closeAllConnections();
    for (const socket of [...this.#sockets.keys(), ...this.#bare]) socket.destroy();
    this.#sockets.clear();
    this.#bare.clear();
    return count;
  }

  /** Takes every listener off the server again. */
  detach(): void {
    const server = this.#server;
    server.off('newListener', this.#onNewListener);
    server.off('connection', this.#onSocket);
    server.off('secureConnection', this.#onSocket);
    server.off('connection', this.#onBareSocket);
    server.off('request', this.#onRequest);
    for (const event of upgradeEvents) server.off(event, this.#onUpgrade);
  }

  readonly #onSocket = (socket: Socket): void => {
    this.#stateOf(socket);
  };

  readonly #onBareSocket = (socket: Socket): void => {
    this.#bare.add(socket);
    socket.once('close', () => this.#bare.delete(socket));
  };

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    this.#stateOf(request.socket).requests += 1;
    this.#responses.add(response);
    response.once('close', () => this.#responses.delete(response));
    if (this.#closing) closeAfter(response);
  };

  readonly #onUpgrade = (_request: IncomingMessage, socket: Socket): void => {
    this.#stateOf(socket).upgraded = true;
  };

  /** Node looks for upgrades only where somebody listens for them, so this may listen only where somebody else does. */
  readonly #onNewListener = (event: string | symbol, listener: unknown): void => {
    if (listener === this.#onUpgrade) return;
    for (const known of upgradeEvents) if (event === known) this.#watchUpgrade(known);
  };

  #watchUpgrade(event: (typeof upgradeEvents)[number]): void {
    if (this.#watchedUpgrades.has(event)) return;
    this.#watchedUpgrades.add(event);
    this.#server.prependListener(event, this.#onUpgrade);
  }

  #stateOf(socket: Socket): SocketState {
    let state = this.#sockets.get(socket);
    if (!state) {
      state = { requests: 0, upgraded: false, seenUnused: false };
      this.#sockets.set(socket, state);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    return state;
  }
}

function closeAfter(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close');
}
