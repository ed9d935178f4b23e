import { question } from '../../../scripts/bench/harness.mjs';
import {
  consecutive3,
  exactClock,
  mainstay,
  mollitiaCount,
  opossum,
  sampling3,
  sampling4,
} from './contestants.js';

const work = async () => 42;

const exact = mainstay({}, { clock: exactClock });
const fourth = sampling4();
const third = sampling3();
const inARow = consecutive3();
const withoutTimeout = opossum(work, {}, { timeout: false });
const byDefault = opossum(work);
const mollitia = mollitiaCount(work);

const calls =
  (call: () => Promise<unknown>) =>
  async (operations: number): Promise<void> => {
    for (let done = 0; done < operations; done += 1) await call();
  };

await question({
  title: 'closed circuit, success: what a call adds over a bare await',
  floor: 'bare await',
  peer: 'cockatiel 4, sampling',
  subtractFloor: true,
  target: '<= 0.7 of cockatiel 4, <= 0.2 of opossum’s defaults, with one clock reading a call',
  iterations: 20_000,
  rounds: 25,
  contestants: {
    'bare await': calls(work),
    'mainstay, one clock reading a call': calls(() => exact.execute(work)),
    'cockatiel 4, sampling': calls(() => fourth.execute(work)),
    'cockatiel 3, sampling': calls(() => third.execute(work)),
    'cockatiel 3, consecutive': calls(() => inARow.execute(work)),
    'opossum 9, timeout off': calls(() => withoutTimeout.fire()),
    'opossum 9, defaults': calls(() => byDefault.fire()),
  },
});

// Made only now: a service has breakers of one kind, and what is measured above should not pay for three.
const cached = mainstay();
const timed = mainstay({}, { clock: exactClock, slowCallMs: 1_000 });

await question({
  title:
    'the same apart: the cached clock, which is the default, and slow calls, which take two more readings',
  floor: 'bare await',
  peer: 'cockatiel 4, sampling',
  subtractFloor: true,
  note: 'the cached clock is read once a turn of the event loop, which here is once a round: a best case, no claim',
  iterations: 20_000,
  rounds: 25,
  contestants: {
    'bare await': calls(work),
    'mainstay, cached clock (the default)': calls(() => cached.execute(work)),
    'mainstay, slow calls looked for': calls(() => timed.execute(work)),
    'cockatiel 4, sampling': calls(() => fourth.execute(work)),
  },
});

await question({
  title: 'the same for mollitia, apart since it takes a hundred times as long',
  floor: 'bare await',
  peer: 'mollitia, count',
  subtractFloor: true,
  iterations: 1_000,
  rounds: 15,
  contestants: {
    'bare await': calls(work),
    'mainstay, one clock reading a call': calls(() => exact.execute(work)),
    'mollitia, count': calls(() => mollitia.execute()),
  },
});

withoutTimeout.shutdown();
byDefault.shutdown();
mollitia.dispose();
