import type { RedisClient } from './redis-client.js';

export type ConnectionNews = 'ready' | 'close';
type Listener = (news: ConnectionNews) => void;

interface Hub {
  readonly listeners: Set<Listener>;
  readonly ready: () => void;
  readonly close: () => void;
}

const hubs = new WeakMap<RedisClient, Hub>();

/**
 * Tells when the client's connection is ready and when it is lost. However many limiters share a client, it has one listener of each:
 * Node warns of more than ten.
 * @returns takes the listener away
 */
export function onConnectionNews(client: RedisClient, listener: Listener): () => void {
  const hub = hubs.get(client) ?? openHub(client);
  hub.listeners.add(listener);
  return () => {
    if (!hub.listeners.delete(listener) || hub.listeners.size > 0) return;
    hubs.delete(client);
    client.removeListener('ready', hub.ready);
    client.removeListener('close', hub.close);
  };
}

function openHub(client: RedisClient): Hub {
  const listeners = new Set<Listener>();
  const tell = (news: ConnectionNews) => (): void => {
    for (const listener of [...listeners]) listener(news);
  };
  const hub = { listeners, ready: tell('ready'), close: tell('close') };
  hubs.set(client, hub);
  client.on('ready', hub.ready);
  client.on('close', hub.close);
  return hub;
}
