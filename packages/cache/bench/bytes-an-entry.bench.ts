import { createCache } from '@mainstay/cache';
import { LRUCache } from 'lru-cache';
import { figures } from '../../../scripts/bench/harness.mjs';

const ENTRIES = 100_000;
const value = (index: number): object => ({ id: index, name: 'somebody' });

const TAGS = ['shared'];

function heap(): number {
  for (let times = 0; times < 4; times += 1) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function weigh(fill: () => Promise<unknown>): Promise<number> {
  const before = heap();
  const kept = await fill();
  const bytes = (heap() - before) / ENTRIES;
  return kept === undefined ? 0 : bytes;
}

async function ours({ read = false, ...own }: { read?: boolean; tags?: string[]; staleMs?: number }) {
  const cache = createCache({ name: 'bench', memory: { maxEntries: ENTRIES }, ttlMs: 3_600_000 });
  for (let index = 0; index < ENTRIES; index += 1) {
    cache.getMaybe(`key:${index}`, () => value(index), own);
    if (index % 1_000 === 999) await new Promise(setImmediate);
  }
  for (let index = 0; read && index < ENTRIES; index += 1) void cache.getOrSet(`key:${index}`, () => 0);
  return cache;
}

async function lruCache(): Promise<unknown> {
  const cache = new LRUCache<string, object>({ max: ENTRIES });
  for (let index = 0; index < ENTRIES; index += 1) cache.set(`key:${index}`, value(index));
  return cache;
}

const runs = {
  'lru-cache': lruCache,
  mainstay: () => ours({}),
  'mainstay, each read once with getOrSet': () => ours({ read: true }),
  'mainstay, with staleMs': () => ours({ staleMs: 60_000 }),
  'mainstay, with a tag that all share': () => ours({ tags: TAGS }),
};
for (const run of Object.values(runs)) await weigh(run);
const rows = [];
for (const [name, run] of Object.entries(runs)) {
  rows.push({ name, values: { 'bytes an entry': Math.round(await weigh(run)) } });
}
figures({
  title: `${ENTRIES.toLocaleString('en')} entries with a key of about 10 characters and a value of two fields`,
  target: '<= 260 (lru-cache 141, bentocache 326 in the research)',
  note: 'key and value included',
  rows,
});
