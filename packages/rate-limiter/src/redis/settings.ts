/** The checked options of `redisStore`. */
export interface RedisStoreSettings {
  readonly timeoutMs: number;
  readonly coalesce: boolean;
  readonly leaseSize: number;
  readonly leaseMs: number;
  readonly prefix: string;
}
