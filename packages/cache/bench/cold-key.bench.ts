import { createCache } from '@mainstay/cache';
import { LRUCache } from 'lru-cache';
import { figures } from '../../../scripts/bench/harness.mjs';

const CALLERS = 10_000;
const ROUNDS = 41;
const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The longest time that the event loop did not turn, in milliseconds. */
async function longestBlock(run: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  let running = true;
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (running) setImmediate(look);
  };
  setImmediate(look);
  await sleep(5);
  longest = 0;
  await run();
  await sleep(5);
  running = false;
  return longest;
}

interface Contestant {
  get(key: string): Promise<unknown>;
  loads: number;
}

function mainstay(load: () => Promise<number>): (key: string) => Promise<unknown> {
  const cache = createCache({ name: 'bench' });
  return (key) => cache.getOrSet(key, load);
}

function lruFetch(load: () => Promise<number>): (key: string) => Promise<unknown> {
  const cache = new LRUCache<string, number>({ max: 10_000, fetchMethod: load });
  return (key) => cache.fetch(key);
}

/** What the callers' own waiting costs, whatever they wait for. */
function sharedPromise(load: () => Promise<number>): (key: string) => Promise<unknown> {
  const promises = new Map<string, Promise<number>>();
  return (key) => {
    const known = promises.get(key) ?? load();
    promises.set(key, known);
    return known;
  };
}

function contestant(make: (load: () => Promise<number>) => (key: string) => Promise<unknown>): Contestant {
  const made: Contestant = { get: async () => undefined, loads: 0 };
  made.get = make(async () => {
    made.loads += 1;
    await sleep(50);
    return 1;
  });
  return made;
}

const contestants = {
  'mainstay getOrSet': contestant(mainstay),
  'lru-cache fetch': contestant(lruFetch),
  'a promise in a Map': contestant(sharedPromise),
};
type Values = Record<string, number[]>;
const none = (): Values =>
  Object.fromEntries(Object.keys(contestants).map((name): [string, number[]] => [name, []]));

async function readAll(get: Contestant['get'], key: string): Promise<void> {
  const waiting: Promise<unknown>[] = new Array(CALLERS);
  for (let caller = 0; caller < CALLERS; caller += 1) waiting[caller] = get(key);
  await Promise.all(waiting);
}

/** What this process computed, in milliseconds: what else the machine does makes a pause longer, but not this. */
async function computed(run: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

const blocks = none();
const work = none();
for (let round = -2; round < ROUNDS; round += 1) {
  const names = Object.entries(contestants).sort(() => Math.random() - 0.5);
  for (const [name, { get }] of names) {
    // Made once: to make it 10,000 times takes longer than all that is measured here, and is no cache's affair.
    const [first, second] = [`key ${round}`, `other ${round}`];
    const block = await longestBlock(() => readAll(get, first));
    const milliseconds = await computed(() => readAll(get, second));
    if (round < 0) continue;
    blocks[name]?.push(block);
    work[name]?.push(milliseconds);
  }
}

const at = (values: number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? 0;
const median = (values: number[]): string =>
  `${at(values, 0.5).toFixed(2)} (${at(values, 0.1).toFixed(2)}-${at(values, 0.9).toFixed(2)})`;

/** Round by round, so that a moment in which the machine was busy slows both. */
function ratio(all: Values, name: string): string {
  const peer = all['lru-cache fetch'] ?? [];
  const ratios = (all[name] ?? []).map((value, round) => value / (peer[round] ?? 1));
  const [low, middle, high] = [0.1, 0.5, 0.9].map((share) => at(ratios, share).toFixed(2));
  return `${middle}x (${low}-${high})`;
}

figures({
  title: `${CALLERS.toLocaleString('en')} concurrent reads of one cold key`,
  target: '1 load; event-loop block <= 0.5 of lru-cache fetch',
  note: `${ROUNDS} rounds, a load takes 50 ms; the block is the longest pause between two turns, the work is what the process computed in a whole round; median (p10-p90), ratios taken round by round`,
  rows: Object.entries(contestants).map(([name, { loads }]) => ({
    name,
    values: {
      'loads a key': loads / (ROUNDS + 2) / 2,
      'block ms': median(blocks[name] ?? []),
      'to lru-cache fetch': ratio(blocks, name),
      'work ms': median(work[name] ?? []),
      'work to lru-cache fetch': ratio(work, name),
    },
  })),
});
