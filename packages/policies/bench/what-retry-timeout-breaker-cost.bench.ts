import { question } from '../../../scripts/bench/harness.mjs';
import { calls, cockatiel3Wrap, cockatiel4Wrap, mainstay, mollitiaCircuit, opossum } from './contestants.js';

const work = async () => 42;

const ours = mainstay();
const third = cockatiel3Wrap();
const fourth = cockatiel4Wrap();
const theirs = opossum(work);
const mollitia = mollitiaCircuit(work);

const contestants = {
  'bare await': calls(work),
  mainstay: calls(() => ours.execute(work)),
  'cockatiel 3, wrap': calls(() => third.execute(work)),
  'cockatiel 4, wrap': calls(() => fourth.execute(work)),
  'opossum 9, timeout and breaker': calls(() => theirs.fire()),
  mollitia: calls(() => mollitia.execute()),
};

await question({
  title: 'retry + timeout + breaker, success, the signal not read',
  floor: 'bare await',
  peer: 'cockatiel 3, wrap',
  target: '<= 0.1 of cockatiel’s wrap',
  note: 'cockatiel makes an AbortController for each call whether or not it is read; opossum has no retry',
  iterations: 4_000,
  rounds: 15,
  contestants,
});

await question({
  title: 'the same once more, compared with opossum',
  floor: 'bare await',
  peer: 'opossum 9, timeout and breaker',
  target: '<= 0.5 of opossum’s',
  iterations: 4_000,
  rounds: 15,
  contestants,
});

await question({
  title: 'the same against opossum alone: nobody else’s garbage slows it down',
  floor: 'bare await',
  peer: 'opossum 9, timeout and breaker',
  target: '<= 0.5 of opossum’s',
  // Long rounds: one of a few milliseconds is shorter than the turns in which a busy machine runs its processes.
  iterations: 20_000,
  rounds: 25,
  contestants: {
    'bare await': calls(work),
    mainstay: calls(() => ours.execute(work)),
    'opossum 9, timeout and breaker': calls(() => theirs.fire()),
  },
});

const reads = async ({ signal }: { signal: AbortSignal }) => (signal.aborted ? 0 : 42);
// Opossum's signal belongs to the breaker, not to the call: after one timeout every later call finds it aborted.
const controlled = opossum(work, { abortController: new AbortController() });

await question({
  title: 'retry + timeout + breaker, success, the signal read',
  floor: 'bare await',
  peer: 'cockatiel 3, wrap',
  target: '<= 0.5 of cockatiel’s; opossum’s is printed',
  note: 'opossum: one controller for the life of the breaker, not one a call',
  iterations: 4_000,
  rounds: 25,
  contestants: {
    'bare await': calls(work),
    mainstay: calls(() => ours.execute(reads)),
    'cockatiel 3, wrap': calls(() => third.execute(reads)),
    'cockatiel 4, wrap': calls(() => fourth.execute(reads)),
    'opossum 9, timeout and breaker': calls(() => controlled.fire()),
  },
});

theirs.shutdown();
controlled.shutdown();
mollitia.dispose();
