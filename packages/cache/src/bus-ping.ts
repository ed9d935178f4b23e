import type { DeadlineQueue } from '@mainstay/core';
import type { RedisSubscriber } from './redis-client.js';

/** Whether a connection answers in time. Its pong comes after every message that this server had sent before. */
export function answersPing(
  subscriber: RedisSubscriber,
  deadlines: DeadlineQueue,
  timeoutMs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const expire = (): void => {
      setImmediate(resolve, false);
    };
    const deadline = deadlines.add(timeoutMs, expire, { keepAlive: false });
    const settle = (answered: boolean): void => {
      deadline.cancel();
      resolve(answered);
    };
    subscriber.ping().then(
      () => settle(true),
      () => settle(false),
    );
  });
}
