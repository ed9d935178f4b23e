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

export function isCluster(client: object): boolean {
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
