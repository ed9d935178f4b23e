export type { GateCounters } from './redis/gate.js';
export { RedisLanes, type RedisLanesEvents, type RedisLanesStats } from './redis/lanes.js';
export type { LinkState } from './redis/link.js';
export {
  isRedisCommandTimeoutError,
  isRedisDownError,
  isRedisInterruptedError,
  isRedisOfflineError,
  isRedisWrongLaneError,
  RedisCommandTimeoutError,
  RedisDownError,
  RedisInterruptedError,
  RedisLanesError,
  RedisOfflineError,
  RedisWrongLaneError,
} from './redis/redis-errors.js';
export type { RedisConnection, RedisLanesOptions } from './redis/redis-options.js';
export type { RetrySettings } from './redis/retry-schedule.js';
export type { MessageListener, Subscriber, Unsubscribe } from './redis/subscriber.js';
