import { onAbort } from '@mainstay/core';
import type { Redis } from 'ioredis';
import type { CreateContext } from '../options.js';
import { Pool } from '../pool.js';
import { type Trace, traceOf } from './commands.js';
import { cut } from './cut.js';
import { Gate, type GateCounters } from './gate.js';
import type { CheckedRedisLanesOptions } from './redis-options.js';

/** Shared by all connections of the lane. */
export interface ExclusiveHost {
  options: CheckedRedisLanesOptions;
  counters: GateCounters;
  /** Why no connection can be had now; undefined: one may be tried. */
  unavailable: (command: string) => Error | undefined;
}

interface Connection {
  gate: Gate;
  /** What its holder has left behind so far. */
  trace: Trace;
}

/**
 * A pool of connections for what cannot share one: blocking commands, MULTI with WATCH, SELECT, MONITOR. Whoever gets one next
 * finds it as new: UNWATCH or DISCARD where that is enough, a new connection where it is not.
 */
export function exclusiveLane(host: ExclusiveHost): Pool<Redis> {
  const { options } = host;
  const connections = new WeakMap<Redis, Connection>();
  const known = (client: Redis): Connection | undefined => connections.get(client);
  return new Pool<Redis>({
    validateAfterIdleMs: 1_000,
    ...options.exclusive,
    name: `${options.name} exclusive`,
    clock: options.clock,
    createTimeoutMs: options.connectTimeoutMs,
    checkTimeoutMs: options.commandTimeoutMs,
    create: (context) => open(host, context, connections),
    destroy: (client) => cut(client),
    validate: async (client) => (await client.ping()) === 'PONG',
    reset: (client) => reset(client, known(client)),
    isBroken: (_error, client) => client.status !== 'ready',
    describe: (client) => {
      const inFlight = known(client)?.gate.inFlight ?? 0;
      return inFlight > 0 ? `${inFlight} command(s) on their way` : undefined;
    },
  });
}

async function open(
  { options, counters, unavailable }: ExclusiveHost,
  { signal, lost }: CreateContext,
  connections: WeakMap<Redis, Connection>,
): Promise<Redis> {
  const error = unavailable('connect');
  if (error !== undefined) throw error;
  const client = options.makeClient();
  let cause: unknown;
  client.on('error', (failure) => {
    cause = failure;
  });
  client.on('end', () => lost(cause));
  const gate = new Gate({
    ...{
      name: options.name,
      client,
      clock: options.clock,
      commandTimeoutMs: options.commandTimeoutMs,
      counters,
    },
    offlineQueue: 0,
    refusal: () => undefined,
    sending: (name, args) => {
      const connection = connections.get(client);
      if (connection !== undefined) connection.trace = traceOf(name, args, connection.trace);
    },
    silent: () => client.status === 'ready' && !client.stream.destroyed && cut(client),
  });
  connections.set(client, { gate, trace: 'none' });
  const leave = onAbort(signal, () => cut(client));
  try {
    await client.connect();
  } catch (failure) {
    cut(client);
    throw cause ?? failure;
  } finally {
    leave();
  }
  return client;
}

/** False: nothing would make it as new. */
function reset(client: Redis, connection: Connection | undefined): boolean | Promise<boolean> | undefined {
  if (connection === undefined || client.status !== 'ready') return false;
  // A command that is still on its way (a BLPOP that its holder did not wait for) would take the next holder's answer.
  if (connection.gate.inFlight > 0 || connection.trace === 'changed') return false;
  if (connection.trace === 'none') return undefined;
  const command = connection.trace === 'multi' ? 'DISCARD' : 'UNWATCH';
  return client.call(command).then(() => true);
}
