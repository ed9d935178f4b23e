import {
  adaptiveConcurrency,
  bulkhead,
  fallback,
  hedge,
  RetryBudget,
  retry,
  throttle,
  timeout,
} from '@mainstay/policies';
import * as cockatiel from 'cockatiel';
import { question } from '../../../scripts/bench/harness.mjs';
import { calls, cockatiel3Retry, cockatiel3Timeout } from './contestants.js';

const work = async () => 42;
const reads = async ({ signal }: { signal: AbortSignal }) => (signal.aborted ? 0 : 42);

async function compare(
  title: string,
  ours: Record<string, () => Promise<unknown>>,
  theirs?: [name: string, call: () => Promise<unknown>],
  iterations = 10_000,
): Promise<void> {
  await question({
    title,
    floor: 'bare await',
    ...(theirs === undefined ? {} : { peer: theirs[0] }),
    iterations,
    rounds: 11,
    contestants: {
      'bare await': calls(work),
      ...Object.fromEntries(Object.entries(ours).map(([name, call]) => [name, calls(call)])),
      ...(theirs === undefined ? {} : { [theirs[0]]: calls(theirs[1]) }),
    },
  });
}

const budgeted = retry();
const unbudgeted = retry({ budget: false });
const retries = cockatiel3Retry();
await compare(
  'retry, success',
  {
    'mainstay, with its budget': () => budgeted.execute(work),
    'mainstay, budget: false': () => unbudgeted.execute(work),
  },
  ['cockatiel 3 (no budget)', () => retries.execute(work)],
);

const limited = timeout({ timeoutMs: 1_000 });
const limits = cockatiel3Timeout();
await compare(
  'timeout, success, the signal not read',
  { mainstay: () => limited.execute(work) },
  ['cockatiel 3, aggressive', () => limits.execute(work)],
  4_000,
);
await compare(
  'timeout, success, the signal read',
  { mainstay: () => limited.execute(reads) },
  ['cockatiel 3, aggressive', () => limits.execute(reads)],
  4_000,
);

const partitioned = bulkhead({ maxConcurrent: 10, maxQueued: 10 });
const partitions = cockatiel.bulkhead(10, 10);
await compare('bulkhead, success', { mainstay: () => partitioned.execute(work) }, [
  'cockatiel 3',
  () => partitions.execute(work),
]);

const fail = () => Promise.reject(new Error('broken'));
const replaced = fallback(() => 7);
const replaces = cockatiel.fallback(cockatiel.handleAll, 7);
await compare('fallback, success', { mainstay: () => replaced.execute(work) }, [
  'cockatiel 3',
  () => replaces.execute(work),
]);
await compare('fallback, failure', { mainstay: () => replaced.execute(fail) }, [
  'cockatiel 3',
  () => replaces.execute(fail),
]);

const fixed = hedge({ delayMs: 1_000 });
const learned = hedge({ quantile: 0.95, delayMs: 1_000, budget: new RetryBudget() });
const adaptive = adaptiveConcurrency();
const throttled = throttle();
await compare('those that no peer has, success', {
  'hedge, delayMs': () => fixed.execute(work),
  'hedge, quantile': () => learned.execute(work),
  adaptiveConcurrency: () => adaptive.execute(work),
  throttle: () => throttled.execute(work),
});
