import { question } from '../../../scripts/bench/harness.mjs';
import { exactClock, mainstay, opossum, sampling3, sampling4 } from './contestants.js';

const broken = new Error('broken');
const work = () => Promise.reject(broken);

const exact = mainstay({}, { clock: exactClock });
const cached = mainstay();
const fourth = sampling4();
const third = sampling3();
const old = opossum(work, {}, { timeout: false });

const calls =
  (call: () => Promise<unknown>) =>
  async (operations: number): Promise<void> => {
    for (let done = 0; done < operations; done += 1) {
      try {
        await call();
      } catch {
        // What is measured.
      }
    }
  };

// Opened as in life, by failures.
for (const call of [
  () => exact.execute(work),
  () => cached.execute(work),
  () => fourth.execute(work),
  () => third.execute(work),
  () => old.fire(),
]) {
  await calls(call)(1_000);
}

await question({
  title: 'open circuit: what a rejected call costs',
  floor: 'a bare rejection',
  peer: 'cockatiel 4',
  target: '<= 0.4 of cockatiel; tryAcquire() <= 0.1',
  // Long rounds: one of 7 ms is shorter than the turns in which a busy machine runs its processes, and measures those.
  iterations: 20_000,
  rounds: 15,
  contestants: {
    'a bare rejection': calls(work),
    'mainstay, one clock reading a call': calls(() => exact.execute(work)),
    'mainstay, cached clock (the default)': calls(() => cached.execute(work)),
    'mainstay, tryAcquire(), one clock reading': (operations) => {
      for (let done = 0; done < operations; done += 1) exact.tryAcquire();
    },
    'cockatiel 4': calls(() => fourth.execute(work)),
    'cockatiel 3': calls(() => third.execute(work)),
    'opossum 9': calls(() => old.fire()),
  },
});

old.shutdown();
