// The parts that stand on the path of every call.
import { Events, monotonicClock, onAbort, RollingWindow } from '@mainstay/core';
import { figures, question } from '../../../scripts/bench/harness.mjs';

const nothing = (): void => {};

await question({
  title: 'read the time',
  peer: 'performance.now()',
  iterations: 200_000,
  rounds: 15,
  note: 'best case for coarseNow(): a turn of the event loop reads the clock once and sets one immediate, whatever else it does',
  contestants: {
    'performance.now()': repeat(() => performance.now()),
    'clock.now()': repeat(() => monotonicClock.now()),
    'clock.coarseNow(), within a turn': repeat(() => monotonicClock.coarseNow()),
  },
});

await question({
  title: 'read the time once in each turn of the event loop: the worst case of coarseNow()',
  floor: 'a turn alone',
  iterations: 5_000,
  rounds: 15,
  contestants: {
    'a turn alone': turns(nothing),
    'clock.now()': turns(() => monotonicClock.now()),
    'clock.coarseNow()': turns(() => monotonicClock.coarseNow()),
  },
});

const window = new RollingWindow({ windowMs: 10_000, buckets: 10, counters: 3 });
const start = monotonicClock.now();
await question({
  title: 'count in a rolling window of 10 buckets',
  iterations: 200_000,
  rounds: 15,
  contestants: {
    'add, coarse time': repeat(() => window.add(1)),
    'add, time given': repeat(() => window.add(1, 1, start)),
    'sum, time given': repeat(() => window.sum(1, start)),
    'add after an idle hour each': (operations: number) => {
      const idle = new RollingWindow({ windowMs: 10_000, buckets: 10, counters: 3 });
      for (let index = 0; index < operations; index += 1) idle.add(1, 1, start + index * 3_600_000);
    },
  },
});

const unused = new Events<{ open: number }>();
const used = new Events<{ open: number }>();
used.on('open', nothing);
await question({
  title: 'an event',
  iterations: 200_000,
  rounds: 15,
  contestants: {
    'nobody listens': (operations: number) => {
      for (let index = 0; index < operations; index += 1) if (unused.has('open')) unused.emit('open', index);
    },
    'one listener': (operations: number) => {
      for (let index = 0; index < operations; index += 1) if (used.has('open')) used.emit('open', index);
    },
  },
});

const alone = new AbortController().signal;
const shared = new AbortController().signal;
onAbort(shared, nothing);
await question({
  title: 'wait for an abort that does not come',
  peer: 'addEventListener + removeEventListener',
  iterations: 20_000,
  rounds: 15,
  contestants: {
    'addEventListener + removeEventListener': repeat(() => {
      const listener = (): void => {};
      alone.addEventListener('abort', listener, { once: true });
      alone.removeEventListener('abort', listener);
    }),
    'onAbort, alone on its signal': repeat(() => onAbort(alone, nothing)()),
    'onAbort, another one waits on the signal': repeat(() => onAbort(shared, nothing)()),
  },
});

figures({
  title: 'what they weigh',
  rows: [
    { name: 'Events without listeners', values: { 'bytes each': weigh(() => new Events()) } },
    {
      name: 'RollingWindow, 10 buckets of 3 counters',
      values: {
        'bytes each': weigh(() => new RollingWindow({ windowMs: 10_000, buckets: 10, counters: 3 })),
      },
    },
  ],
});

function repeat(run: () => unknown) {
  return (operations: number): void => {
    for (let index = 0; index < operations; index += 1) run();
  };
}

function turns(run: () => unknown) {
  return async (operations: number): Promise<void> => {
    for (let index = 0; index < operations; index += 1) {
      run();
      await new Promise(setImmediate);
    }
  };
}

function weigh(make: () => unknown): number {
  const kept = new Array<unknown>(10_000);
  make();
  const before = heap();
  for (let index = 0; index < kept.length; index += 1) kept[index] = make();
  return Math.round((heap() - before) / kept.length);
}

function heap(): number {
  for (let round = 0; round < 4; round += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
