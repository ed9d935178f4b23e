import { Metrics } from '@mainstay/metrics';
import { Counter, Histogram, Registry } from 'prom-client';
import { question } from '../../../scripts/bench/harness.mjs';

const names = ['method', 'route', 'status'] as const;
const routes = Array.from({ length: 20 }, (_, index) => `/api/things/${index}/:id`);
const methods = ['GET', 'POST', 'PUT', 'DELETE'];
const statuses = [200, 201, 404, 500, 503];
/** 400 label sets, visited in no order that a cache would like. */
const labelSets = Array.from({ length: 400 }, (_, index) => ({
  method: methods[(index * 7) % 4] as string,
  route: routes[(index * 13) % 20] as string,
  status: statuses[(index * 3) % 5] as number,
}));
const setAt = (index: number) => labelSets[index % 400] as (typeof labelSets)[number];

const help = 'Bench.';
const metrics = new Metrics();
const registers = [new Registry()];
const counter = metrics.counter({ name: 'bench_total', help, labels: names });
const peerCounter = new Counter({ name: 'bench_total', help, labelNames: names, registers });
const histogram = metrics.histogram({ name: 'bench_seconds', help, labels: names });
const peerHistogram = new Histogram({ name: 'bench_seconds', help, labelNames: names, registers });
const peer = 'prom-client 15';

await question({
  title: 'counter: inc with 3 labels, over 400 label sets',
  peer,
  target: 'ours <= 0.3 of the peer',
  iterations: 200_000,
  rounds: 15,
  contestants: {
    [peer]: (operations) => {
      for (let index = 0; index < operations; index++) peerCounter.inc(setAt(index));
    },
    mainstay: (operations) => {
      for (let index = 0; index < operations; index++) counter.inc(setAt(index));
    },
  },
});

const bound = counter.labels(setAt(0));
const peerBound = peerCounter.labels(setAt(0));
let plain = 0;

await question({
  title: 'counter: inc of a bound child with 3 labels',
  floor: 'plain addition',
  peer,
  target: 'ours <= 0.05 of the peer',
  iterations: 1_000_000,
  rounds: 15,
  note: 'The plain addition is a loop that the compiler can simplify: read it as "about nothing".',
  contestants: {
    'plain addition': (operations) => {
      for (let index = 0; index < operations; index++) plain += 1;
    },
    [peer]: (operations) => {
      for (let index = 0; index < operations; index++) peerBound.inc();
    },
    mainstay: (operations) => {
      for (let index = 0; index < operations; index++) bound.inc();
    },
  },
});

/** 1 ms to 20 s: every bucket is met. */
const seconds = Array.from({ length: 97 }, (_, index) => 0.001 * 1.11 ** index);
const secondsAt = (index: number) => seconds[index % 97] as number;

await question({
  title: 'histogram: observe with 3 labels and 11 buckets, over 400 label sets',
  peer,
  target: 'ours <= 0.3 of the peer',
  iterations: 200_000,
  rounds: 15,
  contestants: {
    [peer]: (operations) => {
      for (let index = 0; index < operations; index++) peerHistogram.observe(setAt(index), secondsAt(index));
    },
    mainstay: (operations) => {
      for (let index = 0; index < operations; index++) histogram.observe(setAt(index), secondsAt(index));
    },
  },
});

const boundHistogram = histogram.labels(setAt(0));
const peerBoundHistogram = peerHistogram.labels(setAt(0));

await question({
  title: 'histogram: observe of a bound child with 3 labels and 11 buckets',
  peer,
  target: 'ours <= 0.1 of the peer',
  iterations: 500_000,
  rounds: 15,
  contestants: {
    [peer]: (operations) => {
      for (let index = 0; index < operations; index++) peerBoundHistogram.observe(secondsAt(index));
    },
    mainstay: (operations) => {
      for (let index = 0; index < operations; index++) boundHistogram.observe(secondsAt(index));
    },
  },
});

if (plain < 0) console.log(plain);
