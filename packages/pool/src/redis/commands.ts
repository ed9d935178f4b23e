/** What of ioredis's command is looked at. */
export interface RedisCommand {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly promise: Promise<unknown>;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Sent by ioredis itself before a connection is ready. */
export const handshake: ReadonlySet<string> = new Set([
  ...['hello', 'auth', 'select', 'client', 'readonly', 'info'],
]);

/** They block the connection; where their time stands, and in what unit: the last or the first argument, in seconds. */
const blockingLast = new Set(['blpop', 'brpop', 'brpoplpush', 'blmove', 'bzpopmin', 'bzpopmax']);
const blockingFirst = new Set(['blmpop', 'bzmpop']);
const blockingMilliseconds = new Set(['wait', 'waitaof']);
const blockingOption = new Set(['xread', 'xreadgroup']);

const subscriptions = new Set([
  ...['subscribe', 'psubscribe', 'ssubscribe', 'unsubscribe', 'punsubscribe', 'sunsubscribe'],
]);
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
  const at = args.findIndex((arg) => typeof arg === 'string' && arg.toUpperCase() === 'BLOCK');
  return at === -1 ? undefined : orForEver(Number(args[at + 1]));
}

const orForEver = (ms: number): number => (ms > 0 ? ms : Number.POSITIVE_INFINITY);

/** Why a command must not be sent over a connection that others use too; undefined: it may. */
export function wrongOnShared(
  name: string,
  args: readonly unknown[],
  inPipeline: boolean,
): string | undefined {
  if (blockingMs(name, args) !== undefined) return 'it would block everybody; use lanes.exclusive';
  if (subscriptions.has(name)) return 'use lanes.subscriber';
  if (watching.has(name)) return 'others would change what it watches; use lanes.exclusive';
  // With multi() as a pipeline, ioredis's default, the transaction is sent in one piece.
  if (transactions.has(name) && !inPipeline)
    return 'others would get into it; use multi() as a pipeline, or lanes.exclusive';
  if (changing.has(name)) return 'it would change the connection of all others';
  return undefined;
}

const telling = new Set(['id', 'info', 'list', 'getname', 'getredir', 'trackinginfo', 'kill', 'help']);

/** What a holder of an exclusive connection leaves behind: nothing, what UNWATCH or DISCARD takes away, or what nothing does. */
export type Trace = 'none' | 'watch' | 'multi' | 'changed';

/** CLIENT has subcommands that only tell something. */
const changesClient = (name: string, [subcommand]: readonly unknown[]): boolean =>
  name === 'client' && !telling.has(String(subcommand).toLowerCase());

export function traceOf(name: string, args: readonly unknown[], before: Trace): Trace {
  if (
    changing.has(name) ||
    changesClient(name, args) ||
    (subscriptions.has(name) && !name.includes('unsub'))
  ) {
    return 'changed';
  }
  if (before === 'changed') return before;
  if (name === 'multi') return 'multi';
  if (name === 'exec' || name === 'discard' || name === 'unwatch') return 'none';
  return name === 'watch' && before === 'none' ? 'watch' : before;
}
