// With few and with many calls in the window: the breaker must not get slower in the outage that it is there for.
import { question } from '../../../scripts/bench/harness.mjs';
import { exactClock, mainstay, opossum, sampling4 } from './contestants.js';

const broken = new Error('broken');
let answer: () => Promise<unknown> = async () => 42;
const work = () => answer();

/** Nothing rotates out while it is measured, and no circuit opens. */
const tuning = { windowMs: 600_000, minimumCalls: 1e9 };
const sizes = [10, 10_000, 100_000];

type Call = () => Promise<unknown>;

const calls = (call: Call) => async (operations: number) => {
  for (let done = 0; done < operations; done += 1) {
    try {
      await call();
    } catch {
      // What is measured.
    }
  }
};

async function filled(
  name: string,
  make: () => Call,
): Promise<Record<string, (operations: number) => unknown>> {
  const contestants: Record<string, (operations: number) => unknown> = {};
  answer = async () => 42;
  for (const size of sizes) {
    const call = make();
    await calls(call)(size);
    contestants[`${name}, ${size.toLocaleString('en')} samples`] = calls(call);
  }
  answer = () => Promise.reject(broken);
  return contestants;
}

const note = 'samples at the start; the measured calls add a few thousand of their own';

const ours = await filled('mainstay', () => {
  const breaker = mainstay(tuning, { clock: exactClock });
  return () => breaker.execute(work);
});
const theirs = await filled('cockatiel 4', () => {
  const breaker = sampling4(tuning);
  return () => breaker.execute(work);
});
await question({
  title: 'a failing call in a closed circuit, by samples in the window',
  floor: 'a bare rejection',
  peer: 'mainstay, 10 samples',
  target: 'flat: 100,000 samples within 1.2 of 10',
  note,
  iterations: 200,
  rounds: 41,
  contestants: { 'a bare rejection': calls(work), ...ours, ...theirs },
});

const shut: { shutdown(): void }[] = [];
const oldest = await filled('opossum 9', () => {
  const breaker = opossum(work, tuning, { timeout: false });
  shut.push(breaker);
  return () => breaker.fire();
});
await question({
  title: 'the same for opossum, apart since it sorts the window at each failure',
  peer: 'opossum 9, 10 samples',
  note: 'samples at the start; the measured calls add a few hundred of their own',
  unit: 'us',
  iterations: 40,
  rounds: 5,
  contestants: oldest,
});
for (const breaker of shut) breaker.shutdown();
