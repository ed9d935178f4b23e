import { Metrics } from '@mainstay/metrics';
import { Counter, Histogram, Registry } from 'prom-client';
import { question } from '../../../scripts/bench/harness.mjs';

const help = 'Bench.';
const labelNames = ['method', 'route', 'status'] as const;
const peer = 'prom-client 15';

function labelsOf(index: number) {
  return {
    method: index % 2 === 0 ? 'GET' : 'POST',
    route: `/api/things/${index}`,
    status: 200 + (index % 3),
  };
}

/** As a server sends it: encoding is part of what blocks the loop. */
async function scrape(render: () => Promise<string>, operations: number): Promise<void> {
  for (let index = 0; index < operations; index++) Buffer.from(await render());
}

{
  const metrics = new Metrics({ maxSeries: 10_000 });
  const register = new Registry();
  const ours = metrics.counter({ name: 'bench_total', help, labels: labelNames });
  const theirs = new Counter({ name: 'bench_total', help, labelNames, registers: [register] });
  for (let index = 0; index < 10_000; index++) {
    ours.inc(labelsOf(index), index);
    theirs.inc(labelsOf(index), index);
  }
  await question({
    title: 'scrape of 10,000 counters with 3 labels, encoded: how long the loop is blocked',
    peer,
    target: 'ours <= 0.2 of the peer',
    iterations: 5,
    rounds: 15,
    unit: 'ms',
    note: 'Line prefixes are made at the first scrape and kept, which costs memory; the rounds measure later scrapes.',
    contestants: {
      [peer]: (operations) => scrape(() => register.metrics(), operations),
      mainstay: (operations) => scrape(() => metrics.render(), operations),
    },
  });
}

{
  const metrics = new Metrics({ maxSeries: 1_000 });
  const register = new Registry();
  const ours = metrics.histogram({ name: 'bench_seconds', help, labels: labelNames });
  const theirs = new Histogram({ name: 'bench_seconds', help, labelNames, registers: [register] });
  for (let index = 0; index < 1_000; index++) {
    ours.observe(labelsOf(index), index / 100);
    theirs.observe(labelsOf(index), index / 100);
  }
  await question({
    title: 'scrape of 1,000 histogram label sets of 14 lines, encoded: how long the loop is blocked',
    peer,
    target: 'ours <= 0.3 of the peer',
    iterations: 5,
    rounds: 15,
    unit: 'ms',
    contestants: {
      [peer]: (operations) => scrape(() => register.metrics(), operations),
      mainstay: (operations) => scrape(() => metrics.render(), operations),
    },
  });
}
