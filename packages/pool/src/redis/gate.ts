import { type Clock, type Deadline, type DeadlineQueue, deadlinesOf } from '@mainstay/core';
import type { Redis } from 'ioredis';
import { blockingMs, handshake, type RedisCommand } from './commands.js';
import { interruptedError, offlineError, timeoutError } from './redis-errors.js';

/** ioredis's way to write a command; the second argument collects a pipeline. */
type Send = (command: RedisCommand, stream?: { write(data: string): unknown }) => unknown;

export interface GateCounters {
  commands: number;
  commandTimeouts: number;
  /** On their way when the connection ended. */
  interrupted: number;
  /** Not sent: the server is down, or too many wait. */
  refused: number;
}

export interface GateOptions {
  name: string;
  client: Redis;
  clock: Clock;
  commandTimeoutMs: number;
  /** How many commands may wait for the connection. */
  offlineQueue: number;
  counters: GateCounters;
  /** Why a command must not be sent at all; undefined: it may. */
  refusal: (name: string, command: RedisCommand, inPipeline: boolean) => Error | undefined;
  /** A command is about to be written. */
  sending: (name: string, args: readonly unknown[]) => void;
  /** A command was not answered in time, and nothing else was answered since it was sent. */
  silent: () => void;
}

interface Parked {
  command: RedisCommand;
  stream: Parameters<Send>[1];
}

/**
 * Stands between the callers of one ioredis client and its connection: every command has a deadline; while the connection is
 * away a bounded number of them wait; one that was on its way when it broke fails and is never sent again.
 */
export class Gate {
  /** Sent and not answered. */
  inFlight = 0;
  readonly #options: GateOptions;
  readonly #deadlines: DeadlineQueue;
  readonly #send: Send;
  readonly #parked = new Set<Parked>();
  #replies = 0;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#deadlines = deadlinesOf(options.clock);
    const { client } = options;
    // Commands, scripts and pipelines all come through here, in ioredis 5 and 6.
    this.#send = (client.sendCommand as Send).bind(client);
    (client as unknown as { sendCommand: Send }).sendCommand = (command, stream) =>
      this.#pass(command, stream);
    client.on('ready', () => this.#release());
  }

  get parked(): number {
    return this.#parked.size;
  }

  /** Rejects all that wait for the connection. */
  refuseParked(error: (command: string) => Error): void {
    for (const parked of this.#parked) {
      this.#parked.delete(parked);
      this.#options.counters.refused += 1;
      parked.command.reject(error(parked.command.name.toLowerCase()));
    }
  }

  #pass(command: RedisCommand, stream: Parameters<Send>[1]): unknown {
    const { client, name, refusal, offlineQueue, counters } = this.#options;
    const commandName = command.name.toLowerCase();
    if (client.status === 'connect' && handshake.has(commandName)) return this.#send(command, stream);
    counters.commands += 1;
    const refused =
      refusal(commandName, command, stream !== undefined) ??
      (client.status !== 'ready' && this.#parked.size >= offlineQueue
        ? offlineError(name, commandName, offlineQueue)
        : undefined);
    if (refused !== undefined) {
      counters.refused += 1;
      // A pipeline is written when as many commands as it has were: this one with nothing.
      stream?.write('');
      command.reject(refused);
      return command.promise;
    }
    if (client.status === 'ready') return this.#transmit(command, commandName, stream);
    this.#park({ command, stream }, commandName);
    return command.promise;
  }

  #park(parked: Parked, commandName: string): void {
    const { name, commandTimeoutMs, counters } = this.#options;
    this.#parked.add(parked);
    const deadline = this.#deadlines.add(commandTimeoutMs, () => {
      // Taken back: it must not be carried out after its caller was told that it was not.
      if (!this.#parked.delete(parked)) return;
      counters.commandTimeouts += 1;
      parked.command.reject(timeoutError(name, commandName, commandTimeoutMs, false));
    });
    this.#whenSettled(parked.command, () => deadline.cancel());
  }

  #release(): void {
    const waiting = [...this.#parked];
    this.#parked.clear();
    for (const { command, stream } of waiting) this.#transmit(command, command.name.toLowerCase(), stream);
  }

  #transmit(command: RedisCommand, commandName: string, stream: Parameters<Send>[1]): unknown {
    const { sending } = this.#options;
    this.inFlight += 1;
    const deadline = this.#deadline(command, commandName);
    this.#whenSettled(command, (answered) => {
      this.inFlight -= 1;
      if (answered) this.#replies += 1;
      deadline?.cancel();
    });
    this.#explainInterruption(command, commandName);
    sending(commandName, command.args);
    return this.#send(command, stream);
  }

  #deadline(command: RedisCommand, commandName: string): Deadline | undefined {
    const { name, commandTimeoutMs, counters, silent } = this.#options;
    const limit = commandTimeoutMs + (blockingMs(commandName, command.args) ?? 0);
    if (limit === Number.POSITIVE_INFINITY) return undefined;
    const replies = this.#replies;
    return this.#deadlines.add(limit, () => {
      counters.commandTimeouts += 1;
      command.reject(timeoutError(name, commandName, limit, true));
      if (this.#replies === replies) silent();
    });
  }

  #explainInterruption(command: RedisCommand, commandName: string): void {
    const { name, counters } = this.#options;
    const { reject } = command;
    command.reject = (error) => {
      if (!isConnectionEnd(error)) {
        reject.call(command, error);
        return;
      }
      counters.interrupted += 1;
      reject.call(command, interruptedError(name, commandName, error));
    };
  }

  #whenSettled(command: RedisCommand, settled: (answered: boolean) => void): void {
    const { resolve, reject } = command;
    let over = false;
    const once = (answered: boolean): void => {
      if (!over) settled(answered);
      over = true;
    };
    command.resolve = (result) => {
      once(true);
      resolve.call(command, result);
    };
    command.reject = (error) => {
      once((error as { name?: unknown } | undefined)?.name === 'ReplyError');
      reject.call(command, error);
    };
  }
}

/** ioredis has no code for it. */
const isConnectionEnd = (error: unknown): boolean =>
  error instanceof Error &&
  (error.message === 'Connection is closed.' ||
    error.message === 'Command aborted due to connection close' ||
    error.message.startsWith("Stream isn't writeable"));
