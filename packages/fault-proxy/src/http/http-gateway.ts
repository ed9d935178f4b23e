import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Clock } from '@mainstay/core';
import type { AnswerPlan, Substitute } from './answer-plan.js';
import { forward } from './forward.js';
import { garbageBytes } from './garbage-bytes.js';
import { MOST_HEADER_BYTES } from './headers.js';
import { readAgainWithoutUpgrade, tunnel } from './tunnel.js';

export interface GatewayHooks {
  readonly clock: Clock;
  readonly target: { readonly host: string; readonly port: number };
  /** What the faults make of the answer to this request. */
  planFor(method: string, url: string): AnswerPlan;
  /** Watches a socket that was just told to connect to the target. */
  onDial(socket: Socket): void;
}

const loopback = '127.0.0.1';

/**
 * The HTTP half of the proxy: the connections of the TCP half end here, on a private port of the loopback interface, and each
 * has a connection of its own to the target. Requests of one connection are served one after the other.
 */
export class HttpGateway {
  readonly #hooks: GatewayHooks;
  readonly #server: Server;
  readonly #agents = new WeakMap<Socket, Agent>();
  readonly #turns = new WeakMap<Socket, Promise<void>>();
  readonly #sockets = new Set<Socket>();

  constructor(hooks: GatewayHooks) {
    this.#hooks = hooks;
    // No deadline of its own: the gateway must not close what client and target would keep.
    this.#server = createServer({
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout: 0,
      maxHeaderSize: MOST_HEADER_BYTES,
    });
    // No file descriptor left, say: the connection is lost, the gateway is not.
    this.#server.on('error', () => {});
    this.#server.on('connection', (socket: Socket) => this.#watch(socket));
    // Whether to go on is the target's to say.
    for (const event of ['request', 'checkContinue', 'checkExpectation']) {
      this.#server.on(event, (request, response) => this.#enqueue(request, response));
    }
    this.#server.on('upgrade', (request, socket: Socket, head) => this.#upgrade(request, socket, head));
  }

  async listen(): Promise<{ host: string; port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, loopback, () => resolve());
    });
    return { host: loopback, port: (this.#server.address() as AddressInfo).port };
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #watch(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    // Errors are the connection's business on the other side; here they only must not be uncaught.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#agents.get(socket)?.destroy();
    });
  }

  #dial(): Socket {
    const socket = connect({ ...this.#hooks.target, noDelay: true });
    this.#hooks.onDial(socket);
    return socket;
  }

  /** One connection to the target for each of the client's. */
  #agentOf(socket: Socket): Agent {
    let agent = this.#agents.get(socket);
    if (agent === undefined) {
      agent = new Agent({ keepAlive: true, maxSockets: 1 });
      agent.createConnection = () => this.#dial();
      this.#agents.set(socket, agent);
    }
    return agent;
  }

  #planFor(request: IncomingMessage): AnswerPlan {
    return this.#hooks.planFor(request.method ?? 'GET', request.url ?? '/');
  }

  /** Pipelined requests wait for their turn, since an altered answer is written past Node's own queue. */
  #enqueue(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const plan = this.#planFor(request);
    const turn = (this.#turns.get(socket) ?? Promise.resolve()).then(() => {
      if (socket.destroyed || socket.writableEnded) return undefined;
      return plan.substitute === undefined
        ? this.#forward(request, response, plan)
        : substitute(request, response, plan.substitute);
    });
    // What Node's own checks do not let through (a header, a path) ends the connection, not the process.
    const settled = turn.catch(() => void socket.destroy());
    this.#turns.set(socket, settled);
  }

  #forward(request: IncomingMessage, response: ServerResponse, plan: AnswerPlan): Promise<void> {
    const { clock, target } = this.#hooks;
    return forward(request, response, { clock, target, plan, agent: this.#agentOf(request.socket) });
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (request.headers.upgrade?.toLowerCase() === 'h2c') {
      readAgainWithoutUpgrade(request, socket, head, this.#server);
      return;
    }
    const plan = this.#planFor(request);
    if (plan.substitute === undefined) tunnel(request, socket, head, this.#dial());
    else substituteRaw(socket, plan.substitute);
  }
}

function substitute(request: IncomingMessage, response: ServerResponse, by: Substitute): void {
  request.resume();
  if ('garbageBytes' in by) {
    substituteRaw(request.socket, by);
    return;
  }
  const headers = { ...by.headers, 'content-length': Buffer.byteLength(by.body) };
  response.writeHead(by.status, headers).end(by.body);
}

/** For garbage, and for upgrades, where there is no response object. */
function substituteRaw(socket: Socket, by: Substitute): void {
  if ('garbageBytes' in by) {
    socket.end(garbageBytes(by.garbageBytes, by.random));
    return;
  }
  const headers = { ...by.headers, 'content-length': Buffer.byteLength(by.body), connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${by.status} Injected\r\n${lines.join('\r\n')}\r\n\r\n${by.body}`);
}
