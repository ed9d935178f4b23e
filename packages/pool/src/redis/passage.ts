import type { Deadline } from '@mainstay/core';
import type { RedisCommand } from './commands.js';
import type { Wire } from './wire.js';

/** One command between its caller and the server. */
export class Passage {
  readonly name: string;
  /** Written and not answered: the server may have carried it out. */
  sent = false;
  /** Its caller knows how it ended: it must not be written any more. */
  over = false;
  /** The connection that it was written to last, and how many answers had come there by then. */
  wire: Wire | undefined;
  answersBefore = 0;
  deadline: Deadline | undefined;

  constructor(name: string) {
    this.name = name;
  }
}

const passages = new WeakMap<RedisCommand, Passage>();

/** Undefined for what ioredis sends by itself. */
export const passageOf = (command: RedisCommand): Passage | undefined => passages.get(command);

export function begin(command: RedisCommand): Passage {
  const passage = new Passage(command.name.toLowerCase());
  passages.set(command, passage);
  return passage;
}

/** What the server itself said, as opposed to ioredis or the lanes. */
export const isReply = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ReplyError';

/** ioredis has no code for it. */
export const isConnectionEnd = (error: unknown): boolean =>
  error instanceof Error &&
  (error.message === CONNECTION_ENDED ||
    error.message === 'Command aborted due to connection close' ||
    error.message.startsWith("Stream isn't writeable"));

/** What ioredis's Cluster takes as a reason to try another time. */
export const CONNECTION_ENDED = 'Connection is closed.';
