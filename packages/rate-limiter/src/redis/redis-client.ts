/**
 * The part of ioredis 5 and 6 that is used, of a single client or a Cluster. Structural, so that nothing is imported from ioredis
 * and any copy of it works.
 */
export interface RedisClient {
  readonly status: string;
  connect(): Promise<unknown>;
  evalsha(
    sha1: string,
    keyCount: number,
    ...keysAndArguments: (string | Buffer | number)[]
  ): Promise<unknown>;
  eval(script: string, keyCount: number, ...keysAndArguments: (string | Buffer | number)[]): Promise<unknown>;
  ping(): Promise<unknown>;
  on(event: 'ready' | 'close', listener: () => void): unknown;
  removeListener(event: 'ready' | 'close', listener: () => void): unknown;
}

/**
 * Whether a command would be written to a socket now. In any other state ioredis would keep it in its offline queue, for as long as
 * the outage lasts.
 */
export function isReady(client: RedisClient): boolean {
  if (client.status !== 'ready') return false;
  const { stream } = client as { stream?: { writable?: boolean } | null };
  return stream?.writable !== false;
}
