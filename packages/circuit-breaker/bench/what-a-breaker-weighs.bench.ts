import { createHook } from 'node:async_hooks';
import { execFileSync } from 'node:child_process';
import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { figures } from '../../../scripts/bench/harness.mjs';
import { consecutive3, mollitiaCount, opossum, sampling3, sampling4 } from './contestants.js';

const breakers = 10_000;
const work = async () => 42;

interface Contestant {
  make(index: number): unknown;
  call?(breaker: unknown): Promise<unknown>;
}

const contestants: Record<string, Contestant> = {
  'mainstay, defaults': {
    make: () => new CircuitBreaker({ name: 'bench' }),
    call: (breaker) => (breaker as CircuitBreaker).execute(work),
  },
  'mainstay, every option its own': {
    make: (index) =>
      new CircuitBreaker({
        name: 'bench',
        window: { ms: 10_000 + index },
        failureRateThreshold: 0.25,
        slowCallMs: 100 + index,
        openMs: 4_000 + index,
        halfOpen: { leaseMs: 20_000 + index },
        ramp: {},
        isFailure: () => true,
      }),
    call: (breaker) => (breaker as CircuitBreaker).execute(work),
  },
  'cockatiel 4, sampling': {
    make: () => sampling4(),
    call: (breaker) => (breaker as ReturnType<typeof sampling4>).execute(work),
  },
  'cockatiel 3, sampling': { make: () => sampling3() },
  'cockatiel 3, consecutive': { make: () => consecutive3() },
  'opossum 9, defaults': { make: () => opossum(work) },
  'mollitia, count': { make: () => mollitiaCount(work) },
};

function heap(): number {
  for (let times = 0; times < 3; times += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** In a process of its own: what one library keeps is not counted for the next. */
async function weigh({ make, call }: Contestant): Promise<Record<string, number | string>> {
  let timers = 0;
  const hook = createHook({ init: (_id, type) => (timers += type === 'Timeout' ? 1 : 0) });
  // Whatever is compiled or allocated once is not a breaker's.
  await call?.(make(0));
  const kept: unknown[] = new Array(breakers).fill(undefined);
  hook.enable();
  const before = heap();
  const start = performance.now();
  for (let index = 0; index < breakers; index += 1) kept[index] = make(index);
  const constructorUs = ((performance.now() - start) * 1_000) / breakers;
  const made = heap();
  if (call !== undefined) for (const breaker of kept) await call(breaker);
  const called = call === undefined ? undefined : heap();
  hook.disable();
  return {
    'bytes a breaker': Math.round((made - before) / kept.length),
    'after a call': called === undefined ? '' : Math.round((called - before) / kept.length),
    'constructor us': constructorUs.toFixed(1),
    [`timers of ${breakers.toLocaleString('en')}`]: timers,
  };
}

const asked = process.env.CIRCUIT_BREAKER_TO_WEIGH;
if (asked !== undefined) {
  const contestant = contestants[asked];
  if (contestant === undefined) throw new Error(`nobody is called ${asked}`);
  console.log(JSON.stringify(await weigh(contestant)));
  process.exit(0);
}

figures({
  title: 'memory of a breaker, its timers and its constructor',
  target: '<= 700 bytes with default options; 0 timers',
  note: 'each in a process of its own; heap and external memory after garbage collection',
  rows: Object.keys(contestants).map((name) => ({
    name,
    values: JSON.parse(
      execFileSync(process.execPath, ['--expose-gc', '--no-warnings', process.argv[1] as string], {
        encoding: 'utf8',
        env: { ...process.env, CIRCUIT_BREAKER_TO_WEIGH: name },
      }),
    ),
  })),
});
