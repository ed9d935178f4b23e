import {
  Agent,
  createServer,
  type IncomingMessage,
  request as openRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { Clock } from '@mainstay/core';
import { reset } from '../sockets.js';
import { AlteredAnswer } from './altered-answer.js';
import { type AnswerPlan, alters, type Substitute } from './answer-plan.js';
import { garbageBytes } from './garbage-bytes.js';
import { tunnel } from './tunnel.js';

export interface GatewayHooks {
  readonly clock: Clock;
  readonly target: { readonly host: string; readonly port: number };
  /** What the faults make of the answer to this request. */
  planFor(method: string, url: string): AnswerPlan;
  /** Watches a socket that was just told to connect to the target. */
  onDial(socket: Socket): void;
}

const loopback = '127.0.0.1';

/** Headers about the connection they came over, which is not the one they leave by. */
const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'expect']);

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
    this.#server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
    // No file descriptor left, say: the connection is lost, the gateway is not.
    this.#server.on('error', () => {});
    this.#server.on('connection', (socket: Socket) => this.#watch(socket));
    this.#server.on('request', (request, response) => this.#enqueue(request, response));
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const plan = this.#planFor(request);
      if (plan.substitute === undefined) tunnel(request, socket, head, this.#dial());
      else substituteRaw(socket, plan.substitute);
    });
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

  /** Settles when the answer is written or the connection is gone; never rejects. */
  #forward(request: IncomingMessage, response: ServerResponse, plan: AnswerPlan): Promise<void> {
    return new Promise((resolve) => {
      const { socket } = request;
      const done = (): void => {
        socket.off('close', done);
        resolve();
      };
      response.once('close', done);
      socket.once('close', done);
      const forwarded = openRequest({
        ...this.#hooks.target,
        method: request.method,
        path: request.url,
        headers: endToEnd(request.rawHeaders),
        agent: this.#agentOf(socket),
        setHost: false,
      });
      response.once('close', () => forwarded.destroy());
      forwarded.on('error', () => {
        if (!response.writableFinished) reset(socket);
      });
      forwarded.on('response', (answer) => {
        if (alters(plan)) {
          const altered = new AlteredAnswer(socket, request, answer, plan, this.#hooks.clock);
          altered.write().catch(() => socket.destroy());
        } else passOn(answer, socket, response);
      });
      pipeline(request, forwarded, () => {});
    });
  }
}

/** The socket is given by itself: a request that is over has lost its own. */
function passOn(answer: IncomingMessage, socket: Socket, response: ServerResponse): void {
  response.sendDate = false;
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders));
  } catch {
    socket.destroy();
    return;
  }
  pipeline(answer, response, (error) => {
    if (error) socket.destroy();
  });
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

function endToEnd(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (!hopByHop.has(name.toLowerCase())) kept.push(name, rawHeaders[index + 1] as string);
  }
  return kept;
}
