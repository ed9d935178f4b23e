import type { Redis } from 'ioredis';
import type { PipelineStream, RedisCommand, Send } from './commands.js';
import { isConnectionEnd, isReply, type Passage, passageOf } from './passage.js';
import { interruptedError, spoiledError } from './redis-errors.js';

export interface WireOptions {
  name: string;
  client: Redis;
  /** Ends the transactions that a pipeline leaves open; not where they are a holder's own business. */
  tidy: boolean;
  /** A command is written, or its answer says that it was not carried out and may be written again. */
  sent: (passage: Passage, sent: boolean) => void;
  /** Why a command cannot wait for this connection, which is not ready; undefined: it can. */
  refusal: (passage: Passage) => Error | undefined;
  /** A command was not answered in time, and nothing else was answered since it was written. */
  silent: () => void;
  /** The server was a master when it was connected to, and refuses to be written to. */
  demoted: () => void;
}

/** One connection, of the client itself or of a Cluster to one of its nodes: knows what was written to it and not answered. */
export class Wire {
  answers = 0;
  /** It is writing something by itself. */
  tidying = false;
  /** As the server said during the handshake. */
  role: string | undefined;
  readonly #options: WireOptions;
  readonly #send: Send;
  /** The pipeline whose MULTI has been written, and whose EXEC has not. */
  #open: PipelineStream | undefined;
  /** Transactions of which not everything may be written. */
  readonly #spoiled = new WeakSet<PipelineStream>();

  constructor(options: WireOptions) {
    this.#options = options;
    const { client } = options;
    this.#send = (client.sendCommand as Send).bind(client);
    client.on('ready', () => {
      this.#open = undefined;
    });
  }

  get ready(): boolean {
    const { status, stream } = this.#options.client as { status: string; stream?: { writable?: boolean } };
    return status === 'ready' && stream?.writable !== false;
  }

  /** Sends what ioredis sends by itself. */
  readonly direct: Send = (command, stream) => {
    if (command.name.toLowerCase() === 'info' && this.#options.client.status === 'connect')
      this.#learnRole(command);
    return this.#send(command, stream);
  };

  readonly write: Send = (command, stream) => {
    const passage = passageOf(command);
    if (passage === undefined || this.tidying) return this.direct(command, stream);
    // Its caller was told that it is not carried out.
    if (passage.over) return this.skip(command, stream);
    if (!this.ready) {
      const refused = this.#options.refusal(passage);
      if (refused === undefined) return this.#send(command, stream);
      command.reject(refused);
      return this.skip(command, stream);
    }
    if (stream !== undefined && passage.name === 'exec' && this.#spoiled.has(stream)) {
      command.reject(spoiledError(this.#options.name, passage.name));
      return this.skip(command, stream);
    }
    if (this.#options.tidy) this.#tidy(passage.name, stream);
    this.#mark(command, passage);
    return this.#send(command, stream);
  };

  /** A pipeline is written when as many commands as it has were: this one with nothing. */
  skip(command: RedisCommand, stream: PipelineStream | undefined): Promise<unknown> {
    if (stream === undefined) return command.promise;
    if (command.inTransaction === true || this.#open === stream) this.#spoiled.add(stream);
    try {
      stream.write('');
    } catch {
      // The last one of a pipeline of which nothing was written, before there was a connection to write it to.
    }
    return command.promise;
  }

  #mark(command: RedisCommand, passage: Passage): void {
    const { name, sent } = this.#options;
    sent(passage, true);
    passage.answersBefore = this.answers;
    const first = passage.wire === undefined;
    passage.wire = this;
    if (!first) return;
    const { reject } = command;
    // Outermost: a Cluster would send again what was interrupted.
    command.reject = (error) => {
      const wasSent = passage.sent;
      if (!isReply(error)) {
        const interrupted = wasSent && !passage.over && isConnectionEnd(error);
        reject.call(command, interrupted ? interruptedError(name, passage.name, error) : error);
        return;
      }
      passage.wire?.answered(error);
      sent(passage, false);
      reject.call(command, error);
    };
  }

  answered(error?: Error): void {
    this.answers += 1;
    if (error?.message.startsWith('READONLY') === true && this.role === 'master') this.#options.demoted();
  }

  /** The deadline of a command that was written here has passed. */
  overdue(passage: Passage): void {
    if (this.answers === passage.answersBefore) this.#options.silent();
  }

  #tidy(name: string, stream: PipelineStream | undefined): void {
    if (this.#open !== undefined && this.#open !== stream) {
      this.#open = undefined;
      this.tidying = true;
      this.#options.client.discard().catch(() => {});
      this.tidying = false;
    }
    if (name === 'multi') this.#open = stream;
    if (name === 'exec' || name === 'discard') this.#open = undefined;
  }

  #learnRole(command: RedisCommand): void {
    const { resolve } = command;
    command.resolve = (result) => {
      this.role = /^role:(\w+)/m.exec(String(result))?.[1];
      resolve.call(command, result);
    };
  }
}
