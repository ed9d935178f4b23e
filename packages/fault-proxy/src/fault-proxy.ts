import { randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import {
  deadlinesOf,
  type Listener as EventListener,
  Events,
  MainstayError,
  readOptions,
} from '@mainstay/core';
import { type ActiveFault, ActiveFaults } from './active-faults.js';
import { Connection, type ConnectionHooks } from './connection.js';
import type { Fault } from './fault-kinds.js';
import { readFault } from './fault-kinds.js';
import { FaultPlacement } from './fault-placement.js';
import { HttpGateway } from './http/http-gateway.js';
import { Listener } from './listener.js';
import {
  type AddFaultOptions,
  type CheckedOptions,
  type FaultProxyOptions,
  optionFields,
} from './options.js';
import { reset } from './sockets.js';
import type { FaultProxyEvents, FaultProxyStats } from './stats.js';

/** A proxy in front of one target, on one port. Made by {@link createFaultProxy}. */
export class FaultProxy {
  readonly kind = 'fault-proxy';
  readonly name: string;
  readonly seed: number;
  readonly target: { readonly host: string; readonly port: number };
  readonly http: boolean;
  readonly #options: CheckedOptions;
  readonly #listener: Listener;
  readonly #gateway: HttpGateway | undefined;
  readonly #faults: ActiveFaults;
  readonly #placement: FaultPlacement;
  readonly #connections = new Set<Connection>();
  readonly #hooks: ConnectionHooks;
  readonly #meters = { 'to-target': { bytes: 0 }, 'to-client': { bytes: 0 } };
  readonly #counts = { connections: 0, dials: 0, dialErrors: 0, dropped: 0, cut: 0, overflowed: 0 };
  #nextHop: { readonly host: string; readonly port: number };
  #events: Events<FaultProxyEvents> | undefined;
  #closing: Promise<void> | undefined;
  #allClosed: (() => void) | undefined;

  /** Use {@link createFaultProxy}: this one does not listen yet. */
  constructor(options: FaultProxyOptions) {
    this.#options = readOptions('createFaultProxy', options, optionFields);
    const { target, host, port, name, seed, http, clock, maxConnections } = this.#options;
    this.target = target;
    this.http = http;
    this.seed = seed ?? randomInt(2 ** 32);
    this.name = name ?? `${target.host}:${target.port}`;
    this.#nextHop = target;
    this.#listener = new Listener(host, port, {
      clock,
      maxConnections,
      onConnection: (socket) => this.#accept(socket),
      onOverflow: () => this.#count('overflowed'),
      onListenError: (error) => this.#emit('listenError', { error }),
    });
    this.#faults = new ActiveFaults(clock, (fault) => this.#removed(fault));
    this.#placement = new FaultPlacement(this.seed, clock, http, this.#faults, this.#listener);
    this.#hooks = this.#connectionHooks();
    if (http) this.#gateway = this.#createGateway();
  }

  /** @internal */
  async open(): Promise<void> {
    if (this.#gateway) this.#nextHop = await this.#gateway.listen();
    try {
      await this.#listener.open();
    } catch (error) {
      await this.#gateway?.close();
      throw error;
    }
  }

  /** The address that it listens on. */
  get host(): string {
    return this.#listener.host;
  }

  get port(): number {
    return this.#listener.port;
  }

  /** `http://127.0.0.1:41234`, or `tcp://…` without the HTTP mode. */
  get url(): string {
    const host = this.host.includes(':') ? `[${this.host}]` : this.host;
    return `${this.http ? 'http' : 'tcp'}://${host}:${this.port}`;
  }

  /** The faults that are there, in the order they were added. */
  get faults(): ActiveFault[] {
    return [...this.#faults];
  }

  /**
   * Adds a fault, to connections that are open as to those to come. Several add up, in the order they were added.
   * @throws TypeError or RangeError for a nonsense value, a fault of the HTTP mode without it, or a direction where there is none;
   *   MainstayError `ERR_PROXY_CLOSED`, `ERR_TOO_MANY_FAULTS` (1,000)
   */
  add(fault: Fault, options?: AddFaultOptions): ActiveFault {
    if (this.#closing) throw new MainstayError('ERR_PROXY_CLOSED', `fault proxy "${this.name}" is closed`);
    const checked = readFault(fault);
    const { direction, forMs } = this.#placement.readAddOptions(checked, options);
    const active = this.#faults.add(checked, direction, forMs);
    this.#placement.placed(active, this.#connections);
    this.#emit('faultAdded', { fault: active });
    return active;
  }

  /** Removes all faults; connections go on where they stood. */
  clear(): void {
    this.#faults.clear();
  }

  stats(): FaultProxyStats {
    return {
      ...this.#counts,
      open: this.#connections.size,
      bytesToTarget: this.#meters['to-target'].bytes,
      bytesToClient: this.#meters['to-client'].bytes,
      requests: this.#placement.requests,
      requestsFaulted: this.#placement.requestsFaulted,
      faults: this.#faults.size,
      listening: this.#listener.listening ? 1 : 0,
    };
  }

  /** @returns removes the listener */
  on<K extends keyof FaultProxyEvents>(event: K, listener: EventListener<FaultProxyEvents[K]>): () => void {
    this.#events ??= new Events();
    return this.#events.on(event, listener);
  }

  /** Stops listening, ends all connections and removes all faults. Resolves when every socket is closed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#listener.close();
    const closed = new Promise<void>((resolve) => {
      this.#allClosed = resolve;
    });
    for (const connection of [...this.#connections]) connection.destroy();
    this.#faults.clear();
    if (this.#connections.size > 0) await closed;
    await this.#gateway?.close();
  }

  #accept(client: Socket): void {
    this.#counts.connections += 1;
    const id = this.#counts.connections;
    if (this.#closing || this.#placement.drops(id)) {
      client.on('error', () => {});
      if (!this.#closing) this.#counts.dropped += 1;
      reset(client);
      return;
    }
    const target = connect({ ...this.#nextHop, allowHalfOpen: true, noDelay: true });
    if (!this.#gateway) this.#watchDial(target);
    const connection = new Connection(id, client, target, this.#hooks);
    this.#connections.add(connection);
    this.#placement.equip(connection);
    this.#emit('connection', { id });
  }

  /** One deadline in the shared queue for each dial; a target that never answers must not hold a client for minutes. */
  #watchDial(socket: Socket): void {
    const { clock, connectTimeoutMs } = this.#options;
    this.#counts.dials += 1;
    const deadline = deadlinesOf(clock).add(
      connectTimeoutMs,
      () =>
        socket.destroy(new MainstayError('ERR_CONNECT_TIMEOUT', `no connection in ${connectTimeoutMs} ms`)),
      { keepAlive: false },
    );
    const failed = (): void => this.#count('dialErrors');
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      deadline.cancel();
    });
    socket.once('close', () => deadline.cancel());
  }

  #connectionHooks(): ConnectionHooks {
    return {
      clock: this.#options.clock,
      meters: this.#meters,
      onClose: (connection) => this.#closed(connection),
      onDialError: ({ id }, error) => this.#emit('dialError', { id, error }),
      onCut: () => this.#count('cut'),
    };
  }

  #createGateway(): HttpGateway {
    return new HttpGateway({
      clock: this.#options.clock,
      target: this.target,
      planFor: (method, url) => this.#placement.planFor(method, url),
      onDial: (socket) => this.#watchDial(socket),
    });
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection);
    const { id, lanes } = connection;
    this.#emit('disconnection', {
      id,
      bytesToTarget: lanes['to-target'].bytes,
      bytesToClient: lanes['to-client'].bytes,
    });
    if (this.#connections.size === 0) this.#allClosed?.();
  }

  #removed(fault: ActiveFault): void {
    this.#placement.removed(fault, this.#connections);
    this.#emit('faultRemoved', { fault });
  }

  #count(what: 'cut' | 'overflowed' | 'dialErrors'): void {
    this.#counts[what] += 1;
  }

  #emit<K extends keyof FaultProxyEvents>(event: K, payload: FaultProxyEvents[K]): void {
    if (this.#events?.has(event)) this.#events.emit(event, payload);
  }
}

/**
 * Starts a proxy; resolves when it listens.
 * @throws TypeError or RangeError for wrong options; MainstayError `ERR_PORT_TAKEN`, or `ERR_LISTEN` with the system's error as
 *   `cause`
 */
export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new FaultProxy(options);
  await proxy.open();
  return proxy;
}
