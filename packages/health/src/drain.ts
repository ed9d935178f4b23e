import type { Server } from 'node:http';
import type { Clock } from '@mainstay/core';
import { ServerConnections } from './server-connections.js';
import { pause, type ShutdownStep } from './shutdown-steps.js';

/** A server of node:http or node:https, or something that holds one and closes it: a Fastify instance. */
export type ServerLike = Server | ApplicationLike;

export interface ApplicationLike {
  readonly server: Server;
  close(): PromiseLike<unknown>;
}

export interface ShutdownTarget {
  readonly connections: ServerConnections;
  readonly application: ApplicationLike | undefined;
  /** Servers that the application opened beside its first. */
  readonly otherServers: () => readonly Server[];
}

/** Once is not enough: a reply that began before the shutdown still promises keep-alive, and its socket idles when it is done. */
const sweepEveryMs = 25;

function isServer(value: unknown): value is Server {
  const server = value as Partial<Server> | null | undefined;
  return (
    typeof server?.close === 'function' &&
    typeof server.closeIdleConnections === 'function' &&
    typeof server.closeAllConnections === 'function'
  );
}

/** @throws TypeError for anything that is no HTTP/1.1 server */
export function shutdownTarget(server: ServerLike): ShutdownTarget {
  if (isServer(server)) {
    return { connections: new ServerConnections(server), application: undefined, otherServers: () => [] };
  }
  if (isServer(server?.server) && typeof server.close === 'function') {
    return {
      connections: new ServerConnections(server.server),
      application: server,
      otherServers: () => bindingsOf(server),
    };
  }
  throw new TypeError(
    'GracefulShutdown: option "server" must be an HTTP/1.1 server of node:http or node:https, or a Fastify instance',
  );
}

/** Fastify listens on `localhost` with one server an address, and keeps the others to itself. */
function bindingsOf(application: object): readonly Server[] {
  const key = Object.getOwnPropertySymbols(application).find(
    ({ description }) => description === 'fastify.serverBindings',
  );
  const bindings: unknown = key === undefined ? undefined : Reflect.get(application, key);
  return Array.isArray(bindings) ? bindings.filter(isServer) : [];
}

/** Stops accepting and waits until the last request is answered, or the time is up. */
export async function drain(
  { connections, otherServers }: ShutdownTarget,
  { clock, timeoutMs, signal }: { clock: Clock; timeoutMs: number; signal: AbortSignal },
): Promise<ShutdownStep> {
  const name = 'drain';
  const startedAt = clock.now();
  const elapsed = () => clock.now() - startedAt;
  const others = otherServers();
  let othersOpen = others.length;
  connections.stopAccepting();
  for (const server of others) {
    server.close(() => {
      othersOpen -= 1;
    });
  }
  while (connections.open > 0 || othersOpen > 0) {
    if (signal.aborted)
      return { name, outcome: 'skipped', durationMs: Math.round(elapsed()), message: 'forced' };
    if (elapsed() >= timeoutMs) {
      const message = `${connections.inFlight} requests in flight on ${connections.open} connections after ${timeoutMs} ms`;
      for (const server of others) server.closeAllConnections();
      return { name, outcome: 'timed-out', durationMs: Math.round(elapsed()), message };
    }
    connections.sweep();
    for (const server of others) server.closeIdleConnections();
    await pause(clock, Math.min(sweepEveryMs, timeoutMs - elapsed()), signal);
  }
  return { name, outcome: 'done', durationMs: Math.round(elapsed()) };
}
