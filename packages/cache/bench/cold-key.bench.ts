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
const blocks = Object.fromEntries(Object.keys(contestants).map((name): [string, number[]] => [name, []]));
for (let round = -2; round < ROUNDS; round += 1) {
  const names = Object.entries(contestants).sort(() => Math.random() - 0.5);
  // Made once: to make it 10,000 times takes longer than all that is measured here, and is no cache's affair.
  const key = `key ${round}`;
  for (const [name, { get }] of names) {
    const block = await longestBlock(async () => {
      const waiting: Promise<unknown>[] = new Array(CALLERS);
      for (let caller = 0; caller < CALLERS; caller += 1) waiting[caller] = get(key);
      await Promise.all(waiting);
    });
    if (round >= 0) blocks[name]?.push(block);
  }
}

const at = (values: number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? 0;
const peer = blocks['lru-cache fetch'] ?? [];
/** Round by round, so that a moment in which the machine was busy slows both. */
function ratio(values: number[]): string {
  const ratios = values.map((value, round) => value / (peer[round] ?? 1));
  const [low, median, high] = [0.1, 0.5, 0.9].map((share) => at(ratios, share).toFixed(2));
  return `${median}x (${low}-${high})`;
}

figures({
  title: `${CALLERS.toLocaleString('en')} concurrent reads of one cold key`,
  target: '1 load; event-loop block <= 0.5 of lru-cache fetch',
  note: `${ROUNDS} rounds, a load takes 50 ms; the block is the longest pause between two turns, median (p10-p90); the ratio is taken round by round`,
  rows: Object.entries(contestants).map(([name, { loads }]) => {
    const values = blocks[name] ?? [];
    const median = at(values, 0.5);
    return {
      name,
      values: {
        'loads a key': loads / (ROUNDS + 2),
        'block ms': `${median.toFixed(2)} (${at(values, 0.1).toFixed(2)}-${at(values, 0.9).toFixed(2)})`,
        'to lru-cache fetch': ratio(values),
      },
    };
  }),
});
