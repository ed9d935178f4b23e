/**
 * The part of ioredis 5 and 6 that the cache uses. Structural, so that the package has no import of ioredis and works with any
 * copy of it.
 */
export interface RedisClient {
  readonly status: string;
  connect(): Promise<unknown>;
  mgetBuffer(...keys: string[]): Promise<(Buffer | null)[]>;
  evalsha(
    sha1: string,
    keyCount: number,
    ...keysAndArguments: (string | Buffer | number)[]
  ): Promise<unknown>;
  eval(script: string, keyCount: number, ...keysAndArguments: (string | Buffer | number)[]): Promise<unknown>;
  ping(): Promise<unknown>;
}

export function isRedisClient(candidate: unknown): candidate is RedisClient {
  if (typeof candidate !== 'object' || candidate === null) return false;
  const client = candidate as Partial<Record<keyof RedisClient, unknown>>;
  return (
    typeof client.status === 'string' &&
    typeof client.mgetBuffer === 'function' &&
    typeof client.evalsha === 'function'
  );
}

/** What the cache needs of an ioredis Cluster besides. */
export interface ClusterClient extends RedisClient {
  readonly isCluster: true;
  readonly options?: { readonly keyPrefix?: string; readonly scaleReads?: unknown };
  /** The nodes of each slot, its master first. */
  readonly slots?: readonly (readonly string[] | undefined)[];
  nodes(role: 'master'): { duplicate(override: object): RedisSubscriber }[];
  /** Asks a node where the slots are now. */
  refreshSlotsCache?(done: () => void): void;
  hmgetBuffer(key: string, ...fields: string[]): Promise<(Buffer | null)[]>;
}

export function isCluster(client: object): client is ClusterClient {
  return (client as { isCluster?: unknown }).isCluster === true;
}

/**
 * Whether a command would be written to the socket now. In any other state ioredis would put it in its offline queue, where it
 * waits for as long as the outage lasts.
 */
export function isReady(client: RedisClient): boolean {
  if (client.status !== 'ready') return false;
  const { stream } = client as { stream?: { writable?: boolean } | null };
  return stream?.writable !== false;
}

/** The part of an ioredis connection that hears messages. */
export interface RedisSubscriber {
  readonly status: string;
  readonly stream?: { unref?: () => void } | null | undefined;
  connect(): Promise<unknown>;
  subscribe(...channels: string[]): Promise<unknown>;
  ping(): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
  on(event: 'message', listener: (channel: string, text: string) => void): unknown;
  on(event: 'ready' | 'close' | 'connect' | 'error' | 'end', listener: () => void): unknown;
}

/** A client that can make such a connection of its own. */
export interface BusClient extends RedisClient {
  readonly options?: { readonly db?: number; readonly keyPrefix?: string };
  duplicate(override: object): RedisSubscriber;
  hmgetBuffer(key: string, ...fields: string[]): Promise<(Buffer | null)[]>;
}

export function isBusClient(client: RedisClient): client is BusClient {
  const candidate = client as Partial<Record<keyof BusClient, unknown>>;
  return typeof candidate.duplicate === 'function' && typeof candidate.hmgetBuffer === 'function';
}
