/** What of ioredis's command is looked at. */
export interface RedisCommand {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly promise: Promise<unknown>;
  /** Set by ioredis's `multi()`. */
  readonly inTransaction?: boolean;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Where a pipeline's commands are collected until the last one is written. */
export interface PipelineStream {
  write(data: string): unknown;
}

/** ioredis's way to write a command; the second argument collects a pipeline, the third says to which node of a Cluster. */
export type Send = (command: RedisCommand, stream?: PipelineStream, node?: unknown) => unknown;

/** They block the connection; where their time stands, and in what unit: the last or the first argument, in seconds. */
const blockingLast = new Set(['blpop', 'brpop', 'brpoplpush', 'blmove', 'bzpopmin', 'bzpopmax']);
const blockingFirst = new Set(['blmpop', 'bzmpop']);
const blockingMilliseconds = new Set(['wait', 'waitaof']);
const blockingOption = new Set(['xread', 'xreadgroup']);

const sharded = new Set(['ssubscribe', 'sunsubscribe']);
const subscriptions = new Set([...['subscribe', 'psubscribe', 'unsubscribe', 'punsubscribe', ...sharded]]);
const transactions = new Set(['multi', 'exec', 'discard']);
const watching = new Set(['watch', 'unwatch']);
/** They change the connection for whoever comes next. */
const changing = new Set([
  'select',
  'auth',
  'hello',
  'reset',
  'monitor',
  'quit',
  'readonly',
  'readwrite',
  'asking',
  'sync',
  'psync',
]);

/**
 * For how long the server is asked to wait before it answers.
 * @returns milliseconds; Infinity without a limit; undefined for a command that does not block
 */
export function blockingMs(name: string, args: readonly unknown[]): number | undefined {
  if (blockingLast.has(name)) return orForEver(Number(args.at(-1)) * 1_000);
  if (blockingFirst.has(name)) return orForEver(Number(args[0]) * 1_000);
  if (blockingMilliseconds.has(name)) return orForEver(Number(args.at(-1)));
  if (!blockingOption.has(name)) return undefined;
  for (const [index, arg] of args.entries()) {
    const word = String(arg).toUpperCase();
    // What follows are names, and a stream may be called BLOCK.
    if (word === 'STREAMS') return undefined;
    if (word === 'BLOCK') return orForEver(Number(args[index + 1]));
  }
  return undefined;
}

/** What is no time is refused by the server, and so does not block. */
function orForEver(ms: number): number {
  if (ms > 0) return ms;
  return ms === 0 ? Number.POSITIVE_INFINITY : 0;
}

const telling = new Set(['id', 'info', 'list', 'getname', 'getredir', 'trackinginfo', 'kill', 'help']);
const ofTheServer = new Set(['pause', 'unpause', 'unblock']);

/** CLIENT and SCRIPT have subcommands that concern their own connection, and others. */
function changesConnection(name: string, [subcommand]: readonly unknown[]): boolean {
  if (changing.has(name)) return true;
  const word = String(subcommand).toLowerCase();
  return name === 'client'
    ? !telling.has(word) && !ofTheServer.has(word)
    : name === 'script' && word === 'debug';
}

/** Why a command must not be sent over a connection that others use too; undefined: it may. */
export function wrongOnShared(command: RedisCommand, inPipeline: boolean): string | undefined {
  const { args, inTransaction } = command;
  const name = command.name.toLowerCase();
  if (sharded.has(name))
    return 'sharded channels have no lane; lease a connection: lanes.exclusiveFor(channel)';
  if (subscriptions.has(name)) return 'use lanes.subscriber';
  if (watching.has(name)) return 'others would change what it watches; use lanes.exclusive';
  if (changesConnection(name, args)) return 'it would change the connection of all others';
  // With multi() as a pipeline, ioredis's default, the transaction is sent in one piece, and nothing blocks in it.
  if (inTransaction === true || (inPipeline && transactions.has(name))) return undefined;
  if (transactions.has(name))
    return 'others would get into it; use multi() as a pipeline, or lanes.exclusive';
  if (blockingMs(name, args) !== undefined) return 'it would block everybody; use lanes.exclusive';
  return undefined;
}

/** What a holder of an exclusive connection leaves behind: nothing, what UNWATCH or DISCARD takes away, or what nothing does. */
export type Trace = 'none' | 'watch' | 'multi' | 'changed';

export function traceOf(name: string, args: readonly unknown[], before: Trace): Trace {
  if (changesConnection(name, args) || (subscriptions.has(name) && !name.includes('unsub'))) {
    return 'changed';
  }
  if (before === 'changed') return before;
  if (name === 'multi') return 'multi';
  if (name === 'exec' || name === 'discard' || name === 'unwatch') return 'none';
  return name === 'watch' && before === 'none' ? 'watch' : before;
}
