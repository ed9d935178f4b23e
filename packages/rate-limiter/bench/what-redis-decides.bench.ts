import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { RateLimiter } from '@mainstay/rate-limiter';
import { type RedisStoreOptions, redisStore } from '@mainstay/rate-limiter/redis';
import { Redis } from 'ioredis';
import { type RedisReply, RedisStore } from 'rate-limit-redis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { question } from '../../../scripts/bench/harness.mjs';
import { type Consume, keysOf, never } from './contestants.js';

// Not bundled with this file: it starts processes from where it lies. The runner stands in this folder.
const { startServices }: typeof import('../../../scripts/services/index.mjs') = await import(
  pathToFileURL(path.resolve('../../../scripts/services/index.mjs')).href
);
const services = await startServices({ redis: true });
if (services.redis === undefined) {
  console.log(`skipped: Redis: ${services.skipped[0]?.reason}. ${services.skipped[0]?.hint}`);
  process.exit(0);
}
const { url } = services.redis;
const connect = (): Redis => new Redis(url);

let number = 0;
function mainstay(options: RedisStoreOptions, more: object = {}): Consume {
  number += 1;
  const store = redisStore(connect(), { timeoutMs: 5_000, ...options });
  const limiter = new RateLimiter({
    name: `bench${number}`,
    ...never,
    store,
    maxKeys: 200_000,
    ...more,
  });
  return (key) => limiter.consume(key);
}

function flexible(): Consume {
  const limiter = new RateLimiterRedis({
    storeClient: connect(),
    points: 1e9,
    duration: 600,
    keyPrefix: `f${++number}`,
  });
  return (key) => limiter.consume(key);
}

async function expressRedis(): Promise<Consume> {
  const client = connect();
  const store = new RedisStore({
    prefix: `e${++number}:`,
    sendCommand: (command: string, ...rest: string[]) => client.call(command, ...rest) as Promise<RedisReply>,
  });
  await store.init({ windowMs: 600_000 } as Parameters<RedisStore['init']>[0]);
  return (key) => store.increment(key);
}

/** So many callers, each asking again when it was answered. */
const crowd = (consume: Consume, keys: readonly string[]) => async (operations: number) => {
  let left = operations;
  let seed = 1;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      await consume(keys[seed % keys.length] as string);
    }
  };
  await Promise.all(Array.from({ length: 64 }, caller));
};

const hot = ['hot'];
const floor = connect();
await question({
  title: 'Redis, 64 callers at once on one hot key',
  floor: 'INCR',
  peer: 'rate-limiter-flexible',
  target:
    'decisions a second against rate-limiter-flexible: >= 0.9x without batching (<= 1.11 of its time), >= 3x coalesced (<= 0.33), >= 5x leased (<= 0.2)',
  unit: 'us',
  iterations: 20_000,
  rounds: 11,
  contestants: {
    INCR: crowd((key) => floor.incr(key), hot),
    'mainstay, coalesce: false': crowd(mainstay({ coalesce: false }), hot),
    'mainstay, strict, coalesce: false': crowd(
      mainstay(
        { coalesce: false },
        { limit: 1e9, windowMs: 3_600_000, algorithm: 'strict', burst: undefined },
      ),
      hot,
    ),
    'mainstay, coalesced (default)': crowd(mainstay({}), hot),
    'mainstay, leaseSize 100': crowd(mainstay({ leaseSize: 100 }), hot),
    'mainstay, leaseSize 1000': crowd(mainstay({ leaseSize: 1_000 }), hot),
    'mainstay, denied and remembered': crowd(mainstay({}, { limit: 1, windowMs: 3_600_000, burst: 1 }), hot),
    'rate-limiter-flexible': crowd(flexible(), hot),
    'rate-limit-redis': crowd(await expressRedis(), hot),
  },
});

const cold = keysOf(100_000);
await question({
  title: 'Redis, 64 callers at once, 100,000 cold keys',
  peer: 'rate-limiter-flexible',
  unit: 'us',
  iterations: 20_000,
  rounds: 9,
  contestants: {
    'mainstay, coalesce: false': crowd(mainstay({ coalesce: false }), cold),
    'mainstay, coalesced (default)': crowd(mainstay({}), cold),
    'rate-limiter-flexible': crowd(flexible(), cold),
    'rate-limit-redis': crowd(await expressRedis(), cold),
  },
});
await services.close();
process.exit(0);
