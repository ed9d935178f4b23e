import type { Socket } from 'node:net';
import { type Clock, type Deadline, deadlinesOf } from '@mainstay/core';
import type { CutMethod, Direction, OneWay } from './fault.js';
import { Lane, type Meter, type Sink } from './lane.js';
import { reset, whenFlushed } from './sockets.js';

/** How long an end that was told to close may take before it is closed from here. */
const LINGER_MS = 2_000;

/**
 * A reset that comes together with the last bytes makes the receiver lose them, or take the reset for an orderly end (libuv
 * does, after a short read): it has to come a little later.
 */
const RESET_AFTER_BYTES_MS = 20;

export interface ConnectionHooks {
  readonly clock: Clock;
  readonly meters: Readonly<Record<OneWay, Meter>>;
  /** Once, when both sockets are closed. */
  onClose(connection: Connection): void;
  /** The target could not be reached; the client is reset afterwards. */
  onDialError(connection: Connection, error: Error): void;
  onCut(connection: Connection): void;
}

/** A client's socket, the target's socket and the two lanes between them. */
export class Connection {
  /** Counted from 1, in the order of acceptance. */
  readonly id: number;
  readonly client: Socket;
  readonly target: Socket;
  readonly lanes: Readonly<Record<OneWay, Lane>>;
  readonly #hooks: ConnectionHooks;
  /** Deadlines of faults that will strike, by the fault's number. */
  readonly #strikes = new Map<number, Deadline>();
  /** Ends that were not told that the connection is gone. */
  readonly #dangling = new Set<Socket>();
  #connected = false;
  #cut: 'not' | 'half' | 'wholly' = 'not';
  #openSockets = 2;

  constructor(id: number, client: Socket, target: Socket, hooks: ConnectionHooks) {
    this.id = id;
    this.client = client;
    this.target = target;
    this.#hooks = hooks;
    const { meters } = hooks;
    this.lanes = {
      'to-target': new Lane(client, this.#sinkOf(target), meters['to-target']),
      'to-client': new Lane(target, this.#sinkOf(client), meters['to-client']),
    };
    target.once('connect', () => {
      this.#connected = true;
    });
    this.#wire(client, this.lanes['to-target'], this.lanes['to-client']);
    this.#wire(target, this.lanes['to-client'], this.lanes['to-target']);
  }

  /** The lanes that a direction means. */
  towards(direction: Direction): Lane[] {
    if (direction === 'both') return [this.lanes['to-target'], this.lanes['to-client']];
    return [this.lanes[direction]];
  }

  /** Calls back after the delay, unless the fault is removed or the connection ends before. */
  strikeAfter(faultId: number, delayMs: number, strike: () => void): void {
    if (delayMs === 0) {
      strike();
      return;
    }
    const deadline = deadlinesOf(this.#hooks.clock).add(delayMs, strike, { keepAlive: false });
    this.#strikes.set(faultId, deadline);
  }

  /** Takes a fault out of both lanes, with its pending strike. */
  removeFault(faultId: number): void {
    this.#strikes.get(faultId)?.cancel();
    this.#strikes.delete(faultId);
    for (const lane of this.towards('both')) lane.remove(faultId);
  }

  /** Cuts the connection. What is wholly cut is not cut again; what is half-closed can be. */
  cut(how: CutMethod, direction: Direction): void {
    if (this.#cut === 'wholly') return;
    if (this.#cut === 'not') this.#hooks.onCut(this);
    this.#cut = how === 'fin' && direction !== 'both' ? 'half' : 'wholly';
    if (how === 'fin') this.#cutWithFin(direction);
    else this.#cutEnds(how, direction);
  }

  /** Ends both sockets at once, without ceremony. */
  destroy(): void {
    this.#discard(true);
    this.client.destroy();
    this.target.destroy();
  }

  /** One direction ends; the other goes on, unless both end. */
  #cutWithFin(direction: Direction): void {
    const both = direction === 'both';
    for (const lane of this.towards(direction)) lane.discard(both);
    for (const socket of this.#endsOf(direction)) {
      if (both) this.#closeGently(socket);
      else socket.end();
    }
  }

  #cutEnds(how: CutMethod, direction: Direction): void {
    this.#discard(true);
    const named = this.#endsOf(direction);
    for (const socket of [this.client, this.target]) {
      // An end that has said its goodbye would never be heard of again.
      if (!named.includes(socket) || (how !== 'rst' && socket.readableEnded)) this.#closeGently(socket);
      else if (how === 'rst') reset(socket);
      else this.#dangling.add(socket);
    }
  }

  #endsOf(direction: Direction): Socket[] {
    if (direction === 'both') return [this.client, this.target];
    return [direction === 'to-client' ? this.client : this.target];
  }

  #discard(silent: boolean): void {
    for (const lane of this.towards('both')) lane.discard(silent);
  }

  /** FIN first, reading on for a while: closing a socket with unread bytes would send a reset instead. */
  #closeGently(socket: Socket): void {
    if (socket.destroyed) return;
    if (socket.connecting || socket.readableEnded) {
      socket.destroySoon();
      return;
    }
    socket.end();
    socket.resume();
    const lingering = deadlinesOf(this.#hooks.clock).add(LINGER_MS, () => socket.destroy(), {
      keepAlive: false,
    });
    socket.once('close', () => lingering.cancel());
  }

  #sinkOf(socket: Socket): Sink {
    return {
      write: (chunk) => !socket.writable || socket.write(chunk),
      end: () => socket.end(),
      reset: () => reset(socket),
      cut: (how) => whenFlushed(socket, () => this.#cutAfterBytes(how)),
    };
  }

  #cutAfterBytes(how: CutMethod): void {
    this.#discard(true);
    const cut = (): void => this.cut(how, 'both');
    if (how !== 'rst') cut();
    else deadlinesOf(this.#hooks.clock).add(RESET_AFTER_BYTES_MS, cut, { keepAlive: false });
  }

  #wire(socket: Socket, outgoing: Lane, incoming: Lane): void {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => outgoing.push(chunk));
    socket.on('drain', () => incoming.drained());
    socket.on('end', () => {
      if (this.#dangling.has(socket)) socket.end();
      else outgoing.end();
    });
    socket.on('error', (error) => this.#failed(socket, error, outgoing, incoming));
    socket.on('close', () => this.#closed());
  }

  #failed(socket: Socket, error: Error, outgoing: Lane, incoming: Lane): void {
    incoming.discard();
    if (socket === this.target && !this.#connected && this.#cut === 'not' && !this.client.destroyed) {
      this.#hooks.onDialError(this, error);
      this.#discard(true);
      reset(this.client);
      return;
    }
    outgoing.end(true);
  }

  #closed(): void {
    this.#openSockets -= 1;
    if (this.#openSockets > 0) return;
    for (const deadline of this.#strikes.values()) deadline.cancel();
    this.#strikes.clear();
    this.#discard(true);
    this.#hooks.onClose(this);
  }
}
