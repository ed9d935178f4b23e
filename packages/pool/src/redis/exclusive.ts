import { onAbort } from '@mainstay/core';
import type { Redis } from 'ioredis';
import type { CreateContext } from '../options.js';
import { Pool } from '../pool.js';
import { cut } from './clients.js';
import { type Trace, traceOf } from './commands.js';
import { Gate, type GateCounters } from './gate.js';
import { ListenerSnapshot } from './listener-snapshot.js';
import type { CheckedRedisLanesOptions } from './redis-options.js';
import { Wire } from './wire.js';

/** Shared by all connections of the lane. */
export interface ExclusiveHost {
  options: CheckedRedisLanesOptions;
  counters: GateCounters;
  /** Whose connections these are, in the pool's name: '' or the node. */
  of: string;
  makeClient: () => Redis;
  /** Why no connection can be had now; undefined: one may be tried. */
  unavailable: (command: string) => Error | undefined;
  /** A connection could not be opened. */
  failed?: (() => void) | undefined;
  /** What becomes of an error that the server answered. */
  translate?: ((command: string, error: Error) => unknown) | undefined;
}

interface Connection {
  gate: Gate;
  /** What its holder has left behind so far. */
  trace: Trace;
  listeners: ListenerSnapshot;
}

type Connections = WeakMap<Redis, Connection>;

/**
 * A pool of connections for what cannot share one: blocking commands, MULTI with WATCH, SELECT, MONITOR. Whoever gets one next
 * finds it as new: UNWATCH or DISCARD where that is enough, a new connection where it is not.
 */
export function exclusiveLane(host: ExclusiveHost): Pool<Redis> {
  const { options } = host;
  const connections: Connections = new WeakMap();
  const known = (client: Redis): Connection | undefined => connections.get(client);
  return new Pool<Redis>({
    validateAfterIdleMs: 1_000,
    ...options.exclusive,
    name: `${options.name} exclusive${host.of}`,
    clock: options.clock,
    createTimeoutMs: options.connectTimeoutMs,
    checkTimeoutMs: options.commandTimeoutMs,
    create: (context) => open(host, context, connections),
    destroy: (client) => cut(client),
    validate: async (client) => (await client.ping()) === 'PONG',
    reset: (client) => reset(client, known(client)),
    isBroken: isLost,
    describe: (client) => {
      const inFlight = known(client)?.gate.inFlight ?? 0;
      return inFlight > 0 ? `${inFlight} command(s) on their way` : undefined;
    },
  });
}

/** Also one that its holder has told to end: that takes a moment. */
export const isLost = (_error: unknown, client: Redis): boolean =>
  client.status !== 'ready' || client.stream?.writable === false;

async function open(
  host: ExclusiveHost,
  { signal, lost }: CreateContext,
  connections: Connections,
): Promise<Redis> {
  const error = host.unavailable('connect');
  if (error !== undefined) throw error;
  const client = host.makeClient();
  let cause: unknown;
  client.on('error', (failure) => {
    cause = failure;
  });
  client.on('end', () => lost(cause));
  const gate = gateOf(host, client, connections);
  const leave = onAbort(signal, () => cut(client));
  try {
    await client.connect();
  } catch (failure) {
    cut(client);
    host.failed?.();
    throw cause ?? failure;
  } finally {
    leave();
  }
  connections.set(client, { gate, trace: 'none', listeners: new ListenerSnapshot(client) });
  return client;
}

function gateOf(
  { options, counters, translate }: ExclusiveHost,
  client: Redis,
  connections: Connections,
): Gate {
  const { name, clock, commandTimeoutMs } = options;
  const giveUp = (): void => {
    if (client.status === 'ready' && !client.stream.destroyed) cut(client);
  };
  return new Gate({
    ...{ name, client, clock, commandTimeoutMs, counters, translate },
    offlineQueue: 0,
    refusal: () => undefined,
    sending: (command, args) => {
      const connection = connections.get(client);
      if (connection !== undefined) connection.trace = traceOf(command, args, connection.trace);
    },
    wire: ({ sent }) =>
      new Wire({
        ...{ name, client, tidy: false, sent, silent: giveUp },
        refusal: () => undefined,
        // A connection to what was the master: its holder is told by the answer, and the next one gets another one.
        demoted: giveUp,
      }),
  });
}

/** False: nothing would make it as new. */
function reset(client: Redis, connection: Connection | undefined): boolean | Promise<boolean> | undefined {
  if (connection === undefined || isLost(undefined, client)) return false;
  connection.listeners.restore();
  // A command that is still on its way (a BLPOP that its holder did not wait for) would take the next holder's answer.
  if (connection.gate.inFlight > 0 || connection.trace === 'changed') return false;
  if (connection.trace === 'none') return undefined;
  const command = connection.trace === 'multi' ? 'DISCARD' : 'UNWATCH';
  return client.call(command).then(() => true);
}
