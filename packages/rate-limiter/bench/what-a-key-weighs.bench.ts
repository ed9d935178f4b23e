import { createHook } from 'node:async_hooks';
import { execFileSync } from 'node:child_process';
import LocalStore from '@fastify/rate-limit/store/LocalStore.js';
import { RateLimiter } from '@mainstay/rate-limiter';
import { MemoryStore } from 'express-rate-limit';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { figures } from '../../../scripts/bench/harness.mjs';
import { keysOf } from './contestants.js';

const options = { name: 'bench', limit: 100, windowMs: 60_000, maxKeys: 1_000_000 };

function mainstay(more: object): () => (key: string) => unknown {
  return () => {
    const limiter = new RateLimiter({ ...options, ...more });
    return (key) => limiter.consumeSync(key);
  };
}

const contestants: Record<string, () => (key: string) => unknown> = {
  'mainstay gcra': mainstay({}),
  'mainstay fixed': mainstay({ algorithm: 'fixed' }),
  'mainstay strict, 10 sub-windows': mainstay({ algorithm: 'strict' }),
  'mainstay strict, 60 sub-windows': mainstay({ algorithm: 'strict', subWindows: 60 }),
  'rate-limiter-flexible': () => {
    const limiter = new RateLimiterMemory({ points: 100, duration: 60 });
    return (key) => limiter.consume(key);
  },
  'express-rate-limit store': () => {
    const store = new MemoryStore();
    store.init({ windowMs: 60_000 } as Parameters<MemoryStore['init']>[0]);
    return (key) => store.increment(key);
  },
  '@fastify/rate-limit store': () => {
    const store = new LocalStore(false, false, 1_000_000);
    return (key) => store.incr(key, () => {}, 60_000, 100);
  },
};

function heap(): number {
  for (let times = 0; times < 4; times += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** In a process of its own. The keys exist before, so that their strings are not counted. */
async function weigh(count: number, make: () => (key: string) => unknown): Promise<Record<string, number>> {
  const keys = keysOf(count);
  const warm = make();
  for (const key of keys.slice(0, 1_000)) await warm(key);
  let timers = 0;
  const hook = createHook({ init: (_id, type) => (timers += type === 'Timeout' ? 1 : 0) }).enable();
  const before = heap();
  const consume = make();
  for (const key of keys) await consume(key);
  const after = heap();
  hook.disable();
  // Used once more, so that it was not collected before it was weighed.
  await consume(keys[0] as string);
  return { bytes: Math.round((after - before) / keys.length), timers, kept: keys.length };
}

const asked = process.env.RATE_LIMITER_TO_WEIGH;
if (asked !== undefined) {
  const make = contestants[asked];
  if (make === undefined) throw new Error(`nobody is called ${asked}`);
  console.log(JSON.stringify(await weigh(Number(process.env.RATE_LIMITER_KEYS), make)));
  process.exit(0);
}

function measured(name: string, count: number): { bytes: number; timers: number } {
  const output = execFileSync(process.execPath, ['--expose-gc', '--no-warnings', process.argv[1] as string], {
    encoding: 'utf8',
    env: { ...process.env, RATE_LIMITER_TO_WEIGH: name, RATE_LIMITER_KEYS: String(count) },
  });
  return JSON.parse(output);
}

figures({
  title: 'memory of a key beyond its string, and timers',
  target: 'gcra <= 80 bytes a key; strict: gcra + 8 x (subWindows + 1), grown by half',
  note: 'each in a process of its own; heap and external memory after garbage collection; 66,000 and 132,000 keys are just after the table has grown',
  rows: Object.keys(contestants).map((name) => ({
    name,
    values: {
      '66,000 keys': measured(name, 66_000).bytes,
      '100,000 keys': measured(name, 100_000).bytes,
      '132,000 keys': measured(name, 132_000).bytes,
      'timers of 100,000': measured(name, 100_000).timers,
    },
  })),
});
