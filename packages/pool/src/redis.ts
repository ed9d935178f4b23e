export type { ExclusiveLane } from './redis/cluster-exclusive.js';
export type { GateCounters } from './redis/gate.js';
export { RedisLanes, type RedisLanesEvents, type RedisLanesStats } from './redis/lanes.js';
export type { LinkState } from './redis/link.js';
export {
  isRedisCommandTimeoutError,
  isRedisDownError,
  isRedisInterruptedError,
  isRedisMovedError,
  isRedisOfflineError,
  isRedisWrongLaneError,
  RedisCommandTimeoutError,
  RedisDownError,
  RedisInterruptedError,
  RedisLanesError,
  RedisMovedError,
  RedisOfflineError,
  RedisWrongLaneError,
} from './redis/redis-errors.js';
export type {
  RedisClass,
  RedisClient,
  RedisCluster,
  RedisClusterLanesOptions,
  RedisConnection,
  RedisLanesOptions,
  RedisNodeConnection,
} from './redis/redis-options.js';
export type { RetrySettings } from './redis/retry-schedule.js';
export type { MessageListener, Subscriber, Unsubscribe } from './redis/subscriber.js';
