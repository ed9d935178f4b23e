// A call with a timeout adds a deadline and nearly always takes it back: that pair is what every call pays.
import { DeadlineQueue } from '@mainstay/core';
import { figures, question } from '../../../scripts/bench/harness.mjs';

const nothing = (): void => {};

const queue = new DeadlineQueue();
queue.add(60_000, nothing);
await question({
  title: 'a deadline that is taken back: 1 s, one other is waiting',
  peer: 'setTimeout + clearTimeout',
  target: 'ours <= 0.7 of the peer',
  iterations: 50_000,
  rounds: 15,
  contestants: oneByOne(queue),
});
queue.clear();

const lonely = new DeadlineQueue();
await question({
  title:
    'the same while nothing else is waiting: the process needs the timer, and needs it not, with every call',
  peer: 'setTimeout + clearTimeout',
  target: 'ours <= 0.7 of the peer',
  iterations: 50_000,
  rounds: 15,
  contestants: oneByOne(lonely),
});

const crowded = new DeadlineQueue();
const timeouts = Array.from({ length: 100_000 }, (_, index) => setTimeout(nothing, 60_000 + (index % 5_000)));
for (let index = 0; index < 100_000; index += 1) crowded.add(60_000 + (index % 5_000), nothing);
await question({
  title:
    'the same while 100,000 others are waiting, delays of 1 to 6 s that hardly repeat, as retries have them',
  peer: 'setTimeout + clearTimeout',
  target: 'ours <= 0.7 of the peer',
  iterations: 50_000,
  rounds: 15,
  contestants: {
    'setTimeout + clearTimeout': (operations: number) => {
      for (let index = 0; index < operations; index += 1) {
        clearTimeout(setTimeout(nothing, 1_000 + ((index * 7_919) % 5_000)));
      }
    },
    'DeadlineQueue add + cancel': (operations: number) => {
      for (let index = 0; index < operations; index += 1) {
        crowded.add(1_000 + ((index * 7_919) % 5_000), nothing).cancel();
      }
    },
  },
});
crowded.clear();
timeouts.forEach(clearTimeout);

await question({
  title: '1,000 calls in flight: add 1,000 deadlines, then cancel them in another order',
  peer: 'setTimeout + clearTimeout',
  target: 'ours <= 0.7 of the peer',
  iterations: 50_000,
  rounds: 15,
  contestants: {
    'setTimeout + clearTimeout': inFlight((delay) => setTimeout(nothing, delay), clearTimeout),
    'DeadlineQueue add + cancel': inFlight(
      (delay) => queue.add(delay, nothing),
      (deadline) => deadline.cancel(),
    ),
  },
});
queue.clear();

figures({
  title: 'what a waiting deadline weighs, 100,000 of them, the callback not counted',
  target: 'ours <= setTimeout',
  rows: [
    {
      name: 'setTimeout',
      values: { 'bytes each': weigh((delay) => setTimeout(nothing, delay), clearTimeout) },
    },
    {
      name: 'DeadlineQueue',
      values: {
        'bytes each': weigh(
          (delay) => queue.add(delay, nothing),
          (deadline) => deadline.cancel(),
        ),
      },
    },
  ],
});
queue.clear();

function oneByOne(deadlines: DeadlineQueue): Record<string, (operations: number) => void> {
  return {
    'setTimeout + clearTimeout': (operations) => {
      for (let index = 0; index < operations; index += 1) clearTimeout(setTimeout(nothing, 1_000));
    },
    'DeadlineQueue add + cancel': (operations) => {
      for (let index = 0; index < operations; index += 1) deadlines.add(1_000, nothing).cancel();
    },
  };
}

function inFlight<Handle>(add: (delayMs: number) => Handle, cancel: (handle: Handle) => void) {
  return (operations: number): void => {
    for (let done = 0; done < operations; done += 1_000) {
      const handles: Handle[] = [];
      for (let index = 0; index < 1_000; index += 1) handles.push(add(1_000 + (index % 10) * 500));
      for (let index = 0; index < 1_000; index += 1) cancel(handles[(index * 7) % 1_000] as Handle);
    }
  };
}

function weigh<Handle>(add: (delayMs: number) => Handle, cancel: (handle: Handle) => void): number {
  const handles = new Array<Handle>(100_000);
  add(60_000);
  const start = heap();
  for (let index = 0; index < handles.length; index += 1) handles[index] = add(60_000 + (index % 5_000));
  const bytes = Math.round((heap() - start) / handles.length);
  handles.forEach(cancel);
  return bytes;
}

function heap(): number {
  for (let round = 0; round < 4; round += 1) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
