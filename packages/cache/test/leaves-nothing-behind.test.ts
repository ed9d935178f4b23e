import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { redisTest } from './support/redis.js';

const face = new URL('../dist/index.js', import.meta.url).href;

/** Runs a module in a process of its own, which has to end by itself, without an unhandled rejection. */
function run(source: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--unhandled-rejections=strict', '-e', source],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      // What is still alive then is killed, and has no exit code.
      timeout: 50_000,
      cwd: new URL('..', import.meta.url),
    },
  );
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, output }));
  });
}

test('a cache that is not closed keeps no process alive, neither does a refresh that never ends', async () => {
  const { code, output } = await run(`
    import { createCache } from '${face}';
    const cache = createCache({ name: 'x', ttlMs: 1, staleMs: 600_000, loadTimeoutMs: 600_000 });
    await cache.set('key', 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    console.log(await cache.getOrSet('key', () => new Promise(() => {})));
  `);
  expect({ code, output }).toEqual({ code: 0, output: '1\n' });
});

test('a load that somebody awaits keeps the process alive until it is given up', async () => {
  const { code, output } = await run(`
    import { createCache } from '${face}';
    const cache = createCache({ name: 'x', loadTimeoutMs: 100 });
    await cache.getOrSet('key', () => new Promise(() => {})).catch((error) => console.log(error.code));
  `);
  expect({ code, output }).toEqual({ code: 0, output: 'ERR_CACHE_LOAD_TIMEOUT\n' });
});

test('failures that nobody waits for are no unhandled rejections', async () => {
  const { code, output } = await run(`
    import { createCache } from '${face}';
    const cache = createCache({ name: 'x', ttlMs: 1, staleMs: 60_000 });
    await cache.set('key', 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await cache.getOrSet('key', async () => { throw new Error('refresh'); });
    const caller = new AbortController();
    const waiting = cache.getOrSet('other', ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))), { signal: caller.signal });
    caller.abort();
    await waiting.catch(() => console.log('aborted'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await cache.close();
  `);
  expect({ code, output }).toEqual({ code: 0, output: 'aborted\n' });
});

redisTest(
  'with Redis, a process ends as soon as its client is closed, and the client has no listener of ours',
  async ({ server }) => {
    const { code, output } = await run(`
    import { Redis } from 'ioredis';
    import { createCache } from '${face}';
    const client = new Redis(${server.port}, '${server.host}');
    await client.ping();
    const listeners = () => client.eventNames().reduce((sum, name) => sum + client.listenerCount(name), 0);
    const before = listeners();
    const cache = createCache({ name: 'child', redis: client });
    for (let read = 0; read < 100; read += 1) await cache.getOrSet('key ' + read, () => read, { tags: ['tag'] });
    await cache.invalidateTags('tag');
    console.log(listeners() - before, cache.stats().redis);
    await cache.close();
    client.disconnect();
  `);
    expect({ code, output }).toEqual({ code: 0, output: '0 up\n' });
  },
);

redisTest('a cache that is not closed keeps no process alive by its bus', async ({ server }) => {
  const { code, output } = await run(`
    import { Redis } from 'ioredis';
    import { createCache } from '${face}';
    const client = new Redis(${server.port}, '${server.host}');
    await client.ping();
    const cache = createCache({ name: 'left', redis: client });
    while (cache.stats().bus !== 'up') {
      await cache.get('wake');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    console.log(cache.stats().bus);
    client.disconnect();
  `);
  expect({ code, output }).toEqual({ code: 0, output: 'up\n' });
});
