import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Cache, createCache } from '@mainstay/cache';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { figures } from '../../../scripts/bench/harness.mjs';

const ROWS = 1_000_000;
const CUSTOMERS = 200;
const LANES = 16;
const SECONDS = 10;
const QUERY = `select date_trunc('month', at) as month, count(*)::int as orders, sum(cents)::bigint as cents
  from orders where customer = $1 group by 1 order by 1`;

const { startServices }: typeof import('../../../scripts/services/index.mjs') = await import(
  pathToFileURL(path.resolve('../../../scripts/services/index.mjs')).href
);
const services = await startServices({ redis: true, postgres: true });
if (services.redis === undefined || services.postgres === undefined) {
  for (const { name, reason, hint } of services.skipped)
    console.log(`Skipped, no ${name}: ${reason}. ${hint}`);
} else await measure(services.postgres.url, services.redis.port);
await services.close();

/** The same row of numbers from 0 to 1 for everybody (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Zipf with exponent 1 over the customers, by its cumulated weights. */
function zipf(): () => number {
  const random = seeded(7);
  const sums: number[] = [];
  for (let rank = 1; rank <= CUSTOMERS; rank += 1) sums.push((sums.at(-1) ?? 0) + 1 / rank);
  const total = sums.at(-1) ?? 1;
  return () => {
    const wanted = random() * total;
    const index = sums.findIndex((sum) => sum >= wanted);
    return index < 0 ? CUSTOMERS : index + 1;
  };
}

interface Load {
  times: number[];
  connections: number;
}

function ask(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => response.on('end', resolve).resume()).on('error', reject);
  });
}

/** So many clients that ask one request after the other, for so many seconds. */
async function load(url: string, pool: Pool): Promise<Load> {
  const times: number[] = [];
  const busy: number[] = [];
  const next = zipf();
  const agent = new Agent({ keepAlive: true, maxSockets: LANES });
  const until = performance.now() + SECONDS * 1_000;
  const sampler = setInterval(() => busy.push(pool.totalCount - pool.idleCount), 20);
  const lane = async (): Promise<void> => {
    while (performance.now() < until) {
      const startedAt = performance.now();
      await ask(`${url}/${next()}`, agent);
      times.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  clearInterval(sampler);
  agent.destroy();
  times.sort((a, b) => a - b);
  return { times, connections: busy.reduce((sum, count) => sum + count, 0) / busy.length };
}

async function seed(pool: Pool): Promise<void> {
  await pool.query('create table orders (id bigint, customer int, at timestamptz, cents int)');
  await pool.query(
    `insert into orders select n, 1 + (n::bigint * 7919) % ${CUSTOMERS}, timestamptz '2025-01-01' + (n % 525600) * interval '1 minute',
     (n * 31) % 10000 from generate_series(1, ${ROWS}) n`,
  );
  await pool.query('create index on orders (customer)');
  await pool.query('analyze orders');
}

interface Plan {
  'Node Type': string;
  'Actual Rows': number;
  Plans?: Plan[];
}

/** What Postgres does for one answer, as it says itself. */
async function planOf(pool: Pool): Promise<string> {
  const { rows } = await pool.query(`explain (analyze, format json) ${QUERY}`, [1]);
  const [{ Plan: top, 'Execution Time': milliseconds }] = rows[0]['QUERY PLAN'];
  const steps: string[] = [];
  for (let step: Plan | undefined = top; step !== undefined; step = step.Plans?.[0])
    steps.push(`${step['Node Type']} (${step['Actual Rows']} rows)`);
  return `${steps.join(' <- ')}, ${Number(milliseconds).toFixed(1)} ms alone`;
}

async function measure(connectionString: string, redisPort: number): Promise<void> {
  const pool = new Pool({ connectionString, max: 10 });
  await seed(pool);
  const redis = new Redis(redisPort, '127.0.0.1');
  await redis.ping();
  const plan = await planOf(pool);
  const cacheOf = (name: string, ttlMs: number, staleMs: number): Cache =>
    createCache({ name, redis, ttlMs, staleMs, memory: { maxEntries: 1_000 } });
  const caches = {
    cached: cacheOf('analytics', 60_000, 0),
    short: cacheOf('short', 2_000, 0),
    stale: cacheOf('stale', 2_000, 60_000),
  };
  const report = async (customer: number) => (await pool.query(QUERY, [customer])).rows;
  const server = createServer(async (request, response) => {
    const [, kind, id] = (request.url ?? '').split('/');
    const cache =
      kind !== undefined && Object.hasOwn(caches, kind) ? caches[kind as keyof typeof caches] : undefined;
    const rows =
      cache === undefined
        ? await report(Number(id))
        : await cache.getOrSet(`report:${id}`, () => report(Number(id)));
    response.end(JSON.stringify(rows));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await load(`${url}/plain`, pool);
  const plain = await load(`${url}/plain`, pool);
  const cached = await load(`${url}/cached`, pool);
  const short = await load(`${url}/short`, pool);
  const stale = await load(`${url}/stale`, pool);
  const at = ({ times }: Load, share: number): number => times[Math.floor(times.length * share)] ?? 0;
  const mean = ({ times }: Load): number => times.reduce((sum, time) => sum + time, 0) / times.length;
  const row = (name: string, of: Load) => ({
    name,
    values: {
      'requests/s': Math.round(of.times.length / SECONDS),
      'mean ms': mean(of).toFixed(2),
      'p95 ms': at(of, 0.95).toFixed(2),
      'p99 ms': at(of, 0.99).toFixed(2),
      'connections in use': of.connections.toFixed(2),
    },
  });
  const less = (a: number, b: number): string => `${(100 * (1 - b / a)).toFixed(0)} %`;
  const hitRatio = (cache: Cache): string => {
    const { memoryHits, redisHits, staleHits, coalesced, misses } = cache.stats();
    const hits = memoryHits + redisHits + staleHits + coalesced;
    return `${((100 * hits) / (hits + misses)).toFixed(1)} %`;
  };
  const difference = (name: string, of: Load, cache: Cache) => ({
    name,
    values: {
      'requests/s': `${(of.times.length / plain.times.length).toFixed(1)}x`,
      'mean ms': less(mean(plain), mean(of)),
      'p95 ms': less(at(plain, 0.95), at(of, 0.95)),
      'p99 ms': less(at(plain, 0.99), at(of, 0.99)),
      'connections in use': less(plain.connections, of.connections),
      hits: hitRatio(cache),
    },
  });
  figures({
    title: `an analytics endpoint over ${ROWS.toLocaleString('en')} rows, ${CUSTOMERS.toLocaleString('en')} customers, zipf, ${LANES} clients`,
    target:
      '>= 4x throughput, mean down >= 90 %, p95 and p99 down >= 80 %, hits >= 75 %, connections down >= 60 %',
    note: `cold cache at the start; no artificial delay; client, server, Postgres and Redis share the cores; the same customers in the same order for all. One answer: ${plan}`,
    rows: [
      row('without cache', plain),
      row('with cache', cached),
      difference('difference', cached, caches.cached),
      row('with cache, ttl 2 s', short),
      difference('difference, ttl 2 s', short, caches.short),
      row('with cache, ttl 2 s, staleMs', stale),
      difference('difference, ttl 2 s, staleMs', stale, caches.stale),
    ],
  });
  await Promise.all(Object.values(caches).map((cache) => cache.close()));
  redis.disconnect();
  server.closeAllConnections();
  server.close();
  await pool.end();
}
