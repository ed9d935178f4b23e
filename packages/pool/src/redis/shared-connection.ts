import type { Cluster } from 'ioredis';
import { isCluster } from './clients.js';
import { ClusterNodes } from './cluster-nodes.js';
import { wrongOnShared } from './commands.js';
import { Gate, type GateCounters } from './gate.js';
import { Link, type LinkState } from './link.js';
import { ReadyWaiters } from './ready-waiters.js';
import { downError, offlineError, wrongLaneError } from './redis-errors.js';
import type { CheckedRedisLanesOptions, RedisClient } from './redis-options.js';
import { Wire } from './wire.js';

/** A client with what stands around it. */
export interface SharedConnection<C extends RedisClient = RedisClient> {
  readonly link: Link<C>;
  readonly gate: Gate;
  /** Of a Cluster. */
  readonly nodes: ClusterNodes | undefined;
  readonly ready: ReadyWaiters | undefined;
}

export interface ConnectionHost {
  options: CheckedRedisLanesOptions;
  counters: GateCounters;
  /** Whether commands that would hurt others are refused. */
  shared: boolean;
  changed: (state: LinkState, before: LinkState) => void;
  nodeChanged: (node: string, state: 'down' | 'up', error: unknown) => void;
  beforeTry?: (() => void) | undefined;
  elsewhere?: (() => boolean) | undefined;
}

/** Why nothing can be sent over the link now; undefined: it can, or may wait. */
export function unavailable(name: string, link: Link, command: string): Error | undefined {
  return link.state === 'down' || link.state === 'closed' ? downFor(name, link, command) : undefined;
}

function downFor(name: string, { state, failures, lastError }: Link, command: string): Error {
  const why =
    state === 'closed' && failures === 0
      ? 'the lanes are closed'
      : `${failures} tries to connect failed${state === 'closed' ? ', and no more are made' : ''}`;
  return downError(name, command, why, lastError);
}

export function connectionTo<C extends RedisClient>(client: C, host: ConnectionHost): SharedConnection<C> {
  const { name, clock, commandTimeoutMs, connectTimeoutMs, offlineQueue, retry } = host.options;
  const random = Math.random;
  const refusal = (command: string): Error => downFor(name, link, command);
  const link = new Link<C>({
    ...{ client, retry, connectTimeoutMs, clock, random, elsewhere: host.elsewhere },
    beforeTry: () => {
      nodes?.forgive();
      host.beforeTry?.();
    },
    changed: (state, before) => {
      if (state === 'down' || state === 'closed') {
        gate.refuseParked(refusal);
        ready?.refuse(refusal);
      }
      host.changed(state, before);
    },
  });
  const gate = gateOf(client, link, host);
  const nodes = isCluster(client) ? nodesOf(client, gate, host, (error) => link.suspect(error)) : undefined;
  const ready = isCluster(client)
    ? new ReadyWaiters({
        ...{ name, cluster: client, clock, timeoutMs: commandTimeoutMs, limit: offlineQueue },
        unavailable: (command) => unavailable(name, link, command),
      })
    : undefined;
  return { link, gate, nodes, ready };
}

function gateOf(client: RedisClient, link: Link, { options, counters, shared }: ConnectionHost): Gate {
  const { name, clock, commandTimeoutMs, offlineQueue } = options;
  const suspect = (): void => link.suspect();
  return new Gate({
    ...{ name, client, clock, commandTimeoutMs, offlineQueue, counters },
    refusal: (command, inPipeline) => {
      const advice = shared ? wrongOnShared(command, inPipeline) : undefined;
      const commandName = command.name.toLowerCase();
      return advice === undefined
        ? unavailable(name, link, commandName)
        : wrongLaneError(name, commandName, advice);
    },
    wire: isCluster(client)
      ? undefined
      : ({ sent }) =>
          new Wire({
            ...{ name, client, tidy: shared, sent, silent: suspect, demoted: suspect },
            refusal: () => undefined,
          }),
  });
}

function nodesOf(
  cluster: Cluster,
  gate: Gate,
  { options, nodeChanged }: ConnectionHost,
  lost: (error: unknown) => void,
): ClusterNodes {
  const { name, clock, retry, connectTimeoutMs, offlineQueue } = options;
  // ioredis's own would end the connections behind the back of their supervision.
  cluster.quit = () =>
    Promise.reject(wrongLaneError(name, 'quit', 'it would change the connection of all others'));
  return new ClusterNodes({
    ...{ name, cluster, clock, retry, connectTimeoutMs, random: Math.random, sent: gate.sent },
    crowded: (passage) => (gate.crowded(0) ? offlineError(name, passage.name, offlineQueue) : undefined),
    downError: (passage, node, failures, cause) =>
      downError(name, passage.name, `the node ${node}: ${failures} tries to connect failed`, cause),
    changed: nodeChanged,
    lost,
  });
}
