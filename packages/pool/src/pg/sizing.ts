import { option, readOptions } from '@mainstay/core';

export interface SizingOptions {
  /** Loans a second of one process at its busiest: statements of `pool.query` and transactions. */
  arrivalsPerSecond: number;
  /** Mean time a loan takes, in milliseconds: `heldMs` of the event `released`, or the duration of statements. */
  holdMs: number;
  /** Share of callers who may have to wait at all, 0 to 1. Default 0.05. */
  waitRatio?: number | undefined;
  /** Processes that share the server. Default 1. */
  instances?: number | undefined;
  /** `SHOW max_connections`. Default: not looked at. */
  serverMaxConnections?: number | undefined;
  /** Kept free for people and other services. Default 10. */
  reservedConnections?: number | undefined;
}

export interface PoolSize {
  /** For `max`, of each process. */
  readonly max: number;
  /** Connections in use on average (Little's law). */
  readonly meanInUse: number;
  /** Probability that a caller has to wait, and how long those who do wait on average, with `max` (Erlang C). */
  readonly waitRatio: number;
  readonly meanWaitMs: number;
  /** False: the server has fewer connections than would be needed; `max` is what each process can have, 1 at least. */
  readonly enough: boolean;
  /** How the figure came about, in a few sentences. */
  readonly explanation: string;
}

/** The most that is tried; a pool of that size is a mistake somewhere else. */
const LARGEST = 10_000;

/**
 * Probability that a caller finds all `servers` busy (Erlang C), from Erlang's B by its recursion, which stays within 0 to 1
 * for any size. A. K. Erlang, 1917.
 */
export function erlangC(servers: number, load: number): number {
  if (load >= servers) return 1;
  let blocked = 1;
  for (let count = 1; count <= servers; count++) blocked = (load * blocked) / (count + load * blocked);
  return blocked / (1 - (load / servers) * (1 - blocked));
}

const fields = {
  arrivalsPerSecond: option.number({ min: 0.001, max: 10_000_000 }),
  holdMs: option.milliseconds({ min: 0.001 }),
  waitRatio: option.number({ min: 0.000_1, max: 1, default: 0.05 }),
  instances: option.integer({ min: 1, max: 100_000, default: 1 }),
  serverMaxConnections: option.integer({ min: 1, max: 1_000_000, optional: true }),
  reservedConnections: option.integer({ min: 0, max: 1_000_000, default: 10 }),
};

/**
 * How many connections a pool needs, by Little's law and Erlang's C formula, and why. It assumes random arrivals and loan
 * times; loans of one length wait half as long, bursts wait longer.
 * @throws TypeError, RangeError
 */
export function sizePool(options: SizingOptions): PoolSize {
  const { arrivalsPerSecond, holdMs, waitRatio, instances, serverMaxConnections, reservedConnections } =
    readOptions('sizePool', options, fields);
  const load = (arrivalsPerSecond * holdMs) / 1_000;
  if (load >= LARGEST)
    throw new RangeError(`sizePool: ${Math.round(load)} connections would be busy at once`);
  let needed = Math.max(1, Math.floor(load) + 1);
  while (needed < LARGEST && erlangC(needed, load) > waitRatio) needed += 1;
  const room = serverMaxConnections === undefined ? undefined : serverMaxConnections - reservedConnections;
  const share = room === undefined ? Number.POSITIVE_INFINITY : Math.max(0, Math.floor(room / instances));
  // A pool has one connection at least.
  const max = Math.max(1, Math.min(needed, share));
  const waiting = erlangC(max, load);
  const meanWaitMs = load < max ? holdMs / (max - load) : Number.POSITIVE_INFINITY;
  const parts = [
    `${figure(arrivalsPerSecond)} loans a second of ${figure(holdMs)} ms keep ${figure(load)} connections busy on average (Little's law).`,
    `With ${needed}, ${percent(erlangC(needed, load))} of the callers wait (Erlang C; at most ${percent(waitRatio)} were asked for).`,
  ];
  if (room !== undefined) {
    parts.push(
      `The server has ${serverMaxConnections} connections, ${reservedConnections} are reserved, and ${instances} ${instances === 1 ? 'process shares' : 'processes share'} the rest: ${share || 'less than one'} each.`,
    );
  }
  if (share === 0) parts.push('Put a pooler (pgbouncer) in front.');
  else if (share < needed) parts.push(shortage(max, load, waiting, meanWaitMs));
  else parts.push(`Those who wait do so for ${figure(meanWaitMs)} ms on average.`);
  const explanation = parts.join(' ');
  return { max, meanInUse: load, waitRatio: waiting, meanWaitMs, enough: share >= needed, explanation };
}

const shortage = (max: number, load: number, waiting: number, meanWaitMs: number): string =>
  load >= max
    ? `${max} cannot carry this load: the queue grows without end. Shorten the loans, or put a pooler (pgbouncer) in front.`
    : `With ${max}, ${percent(waiting)} of the callers wait, for ${figure(meanWaitMs)} ms on average.`;

const figure = (value: number): string => String(Number(value.toPrecision(3)));
const percent = (ratio: number): string => `${figure(ratio * 100)} %`;
