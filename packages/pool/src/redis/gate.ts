import { type Clock, type Deadline, type DeadlineQueue, deadlinesOf } from '@mainstay/core';
import { blockingMs, type PipelineStream, type RedisCommand, type Send } from './commands.js';
import { isHandshake } from './handshake.js';
import { begin, CONNECTION_ENDED, isConnectionEnd, isReply, type Passage, passageOf } from './passage.js';
import { notSentError, offlineError, timeoutError } from './redis-errors.js';
import type { RedisClient } from './redis-options.js';
import type { Wire } from './wire.js';

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
  client: RedisClient;
  clock: Clock;
  commandTimeoutMs: number;
  /** How many commands may wait for the connection. */
  offlineQueue: number;
  counters: GateCounters;
  /** Why a command must not be sent at all; undefined: it may. */
  refusal: (command: RedisCommand, inPipeline: boolean) => Error | undefined;
  /** A command is about to be written. */
  sending?: ((name: string, args: readonly unknown[]) => void) | undefined;
  /** Of a single connection. A Cluster chooses one for each command. */
  wire?: ((gate: Gate) => Wire) | undefined;
  /** What becomes of an error that the server answered. */
  translate?: ((command: string, error: Error) => unknown) | undefined;
}

interface Parked {
  readonly commands: RedisCommand[];
  readonly stream: PipelineStream | undefined;
  readonly node: unknown;
  readonly deadline: Deadline;
}

/**
 * Stands between the callers of one ioredis client and its connection: every command has a deadline; while the connection is
 * away a bounded number of them wait; one that was on its way when it broke fails and is never sent again.
 */
export class Gate {
  /** Passed on and not settled. */
  inFlight = 0;
  /** Of these: not written yet, since a Cluster looks for the node, or waits for it. */
  #unsent = 0;
  #parkedCommands = 0;
  readonly #options: GateOptions;
  readonly #deadlines: DeadlineQueue;
  readonly #send: Send;
  readonly #wire: Wire | undefined;
  readonly #parked = new Set<Parked>();
  /** When a Cluster's pipeline came first: it sends its commands again where they moved to. */
  readonly #since = new WeakMap<RedisCommand, number>();

  constructor(options: GateOptions) {
    this.#options = options;
    this.#deadlines = deadlinesOf(options.clock);
    const { client } = options;
    this.#wire = options.wire?.(this);
    this.#send = this.#wire?.write ?? (client.sendCommand as Send).bind(client);
    // Commands, scripts and pipelines all come through here, in ioredis 5 and 6.
    (client as unknown as { sendCommand: Send }).sendCommand = (command, stream, node) =>
      this.#pass(command, stream, node);
    client.on('ready', () => this.#release());
  }

  /** Waiting for a connection. */
  get parked(): number {
    return this.#parkedCommands + this.#unsent;
  }

  /** Whether as many wait as may, `more` included. */
  crowded(more: number): boolean {
    return this.parked + more > this.#options.offlineQueue;
  }

  /** Called by the wires. */
  readonly sent = (passage: Passage, sent: boolean): void => {
    if (passage.sent === sent || passage.over) return;
    passage.sent = sent;
    this.#unsent += sent ? -1 : 1;
  };

  /** Rejects all that wait for the connection. */
  refuseParked(error: (command: string) => Error): void {
    for (const parked of this.#parked) {
      this.#options.counters.refused += parked.commands.length;
      this.#takeBack(parked, error);
    }
  }

  #pass(command: RedisCommand, stream: PipelineStream | undefined, node: unknown): unknown {
    const { client, name, refusal, offlineQueue, counters } = this.#options;
    const wire = this.#wire;
    if (isHandshake(client, command) || wire?.tidying === true) {
      return (wire?.direct ?? this.#send)(command, stream, node);
    }
    // A Cluster had put it aside.
    if (passageOf(command)?.over === false) return this.#send(command, stream, node);
    const commandName = command.name.toLowerCase();
    counters.commands += 1;
    const isReady = client.status === 'ready';
    const refused =
      refusal(command, stream !== undefined) ??
      (!isReady && this.crowded(1) ? offlineError(name, commandName, offlineQueue) : undefined);
    if (refused !== undefined) {
      counters.refused += 1;
      command.reject(refused);
      return this.#skip(command, stream);
    }
    if (isReady) return this.#transmit(command, stream, node);
    this.#park(command, stream, node);
    return command.promise;
  }

  #skip(command: RedisCommand, stream: PipelineStream | undefined): Promise<unknown> {
    if (this.#wire !== undefined) return this.#wire.skip(command, stream);
    return skipInCluster(command, stream);
  }

  /** The commands of a pipeline share one fate. */
  #park(command: RedisCommand, stream: PipelineStream | undefined, node: unknown): void {
    const { name, commandTimeoutMs, counters } = this.#options;
    this.#parkedCommands += 1;
    if (stream !== undefined) {
      for (const parked of this.#parked) {
        if (parked.stream !== stream) continue;
        parked.commands.push(command);
        return;
      }
    }
    const parked: Parked = {
      ...{ commands: [command], stream, node },
      deadline: this.#deadlines.add(commandTimeoutMs, () => {
        counters.commandTimeouts += parked.commands.length;
        // Taken back: it must not be carried out after its caller was told that it was not.
        this.#takeBack(parked, (commandName) => timeoutError(name, commandName, commandTimeoutMs, false));
      }),
    };
    this.#parked.add(parked);
  }

  #takeBack(parked: Parked, error: (command: string) => Error): void {
    this.#leave(parked);
    for (const command of parked.commands) {
      command.reject(error(command.name.toLowerCase()));
      this.#skip(command, parked.stream);
    }
  }

  #leave(parked: Parked): void {
    parked.deadline.cancel();
    if (this.#parked.delete(parked)) this.#parkedCommands -= parked.commands.length;
  }

  #release(): void {
    for (const parked of [...this.#parked]) {
      this.#leave(parked);
      for (const command of parked.commands) this.#transmit(command, parked.stream, parked.node);
    }
  }

  #transmit(command: RedisCommand, stream: PipelineStream | undefined, node: unknown): unknown {
    const passage = begin(command);
    this.inFlight += 1;
    this.#unsent += 1;
    this.#limit(command, passage, stream);
    this.#hear(command, passage, stream !== undefined);
    this.#options.sending?.(passage.name, command.args);
    return this.#send(command, stream, node);
  }

  #limit(command: RedisCommand, passage: Passage, stream: PipelineStream | undefined): void {
    const { name, commandTimeoutMs, counters, clock } = this.#options;
    const blocks = command.inTransaction === true ? undefined : blockingMs(passage.name, command.args);
    const limit = commandTimeoutMs + (blocks ?? 0);
    if (limit === Number.POSITIVE_INFINITY) return;
    let left = limit;
    if (stream !== undefined && this.#wire === undefined) {
      const now = clock.now();
      const since = this.#since.get(command);
      if (since === undefined) this.#since.set(command, now);
      else left -= now - since;
    }
    passage.deadline = this.#deadlines.add(Math.max(left, 0), () => {
      counters.commandTimeouts += 1;
      const { sent, wire } = passage;
      command.reject(timeoutError(name, passage.name, limit, sent));
      if (sent) wire?.overdue(passage);
    });
  }

  #hear(command: RedisCommand, passage: Passage, inPipeline: boolean): void {
    const { resolve, reject } = command;
    command.resolve = (result) => {
      passage.wire?.answered();
      this.#end(passage);
      resolve.call(command, result);
    };
    command.reject = (error) => {
      const outcome = passage.over ? error : this.#outcome(passage, error, inPipeline);
      this.#end(passage);
      reject.call(command, outcome);
    };
  }

  #outcome(passage: Passage, error: unknown, inPipeline: boolean): unknown {
    const { name, counters, translate } = this.#options;
    if (isReply(error)) return translate?.(passage.name, error) ?? error;
    const code = (error as { code?: unknown } | undefined)?.code;
    if (code === 'ERR_REDIS_INTERRUPTED') counters.interrupted += 1;
    // Whatever ioredis says about one that was not written: that it is not known to have been carried out is what counts.
    const isOurs = typeof code === 'string' && code.startsWith('ERR_REDIS_');
    if (code === 'ERR_REDIS_OFFLINE' || code === 'ERR_REDIS_DOWN') counters.refused += 1;
    if (isOurs || passage.sent) return error;
    // A Cluster's pipeline looks at the text to know whether to try once more, for as long as its time lasts.
    const again = inPipeline && this.#wire === undefined && isConnectionEnd(error);
    return notSentError(name, passage.name, error, again ? CONNECTION_ENDED : undefined);
  }

  #end(passage: Passage): void {
    if (passage.over) return;
    if (!passage.sent) this.#unsent -= 1;
    passage.over = true;
    this.inFlight -= 1;
    passage.deadline?.cancel();
  }
}

/** Of a Cluster's pipeline nothing was written yet. */
function skipInCluster(command: RedisCommand, stream: PipelineStream | undefined): Promise<unknown> {
  try {
    stream?.write('');
  } catch {
    // No node was chosen.
  }
  return command.promise;
}
