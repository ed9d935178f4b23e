import { Metrics } from '@mainstay/metrics';
import { Counter, Histogram, Registry } from 'prom-client';
import { figures } from '../../../scripts/bench/harness.mjs';

const help = 'Bench.';
const labelNames = ['method', 'route', 'status'] as const;
const series = 10_000;

function labelsOf(index: number) {
  return {
    method: index % 2 === 0 ? 'GET' : 'POST',
    route: `/api/things/${index}`,
    status: 200 + (index % 3),
  };
}

/** Everything that is kept, so that nothing is collected while others are weighed. */
const kept: unknown[] = [];

function heap(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** In a function of its own, so that the text is not weighed with the series. */
async function timeOf(render: () => Promise<string>): Promise<number> {
  const start = performance.now();
  await render();
  return performance.now() - start;
}

async function weigh(make: () => { fill(index: number): void; render(): Promise<string> }) {
  const registry = make();
  kept.push(registry);
  const empty = heap();
  for (let index = 0; index < series; index++) registry.fill(index);
  const filled = heap();
  const firstScrapeMs = await timeOf(() => registry.render());
  await new Promise((resolve) => setImmediate(resolve));
  const rendered = heap();
  return {
    'bytes a series': Math.round((filled - empty) / series),
    'after a scrape': Math.round((rendered - empty) / series),
    'first scrape ms': Math.round(firstScrapeMs),
  };
}

const makers = {
  'prom-client 15, counters': () => {
    const register = new Registry();
    const counter = new Counter({ name: 'bench_total', help, labelNames, registers: [register] });
    return { fill: (index: number) => counter.inc(labelsOf(index)), render: () => register.metrics() };
  },
  'mainstay, counters': () => {
    const metrics = new Metrics({ maxSeries: series });
    const counter = metrics.counter({ name: 'bench_total', help, labels: labelNames });
    return { fill: (index: number) => counter.inc(labelsOf(index)), render: () => metrics.render() };
  },
  'prom-client 15, histograms': () => {
    const register = new Registry();
    const histogram = new Histogram({ name: 'bench_seconds', help, labelNames, registers: [register] });
    return {
      fill: (index: number) => histogram.observe(labelsOf(index), 1),
      render: () => register.metrics(),
    };
  },
  'mainstay, histograms': () => {
    const metrics = new Metrics({ maxSeries: series });
    const histogram = metrics.histogram({ name: 'bench_seconds', help, labels: labelNames });
    return { fill: (index: number) => histogram.observe(labelsOf(index), 1), render: () => metrics.render() };
  },
};

const rows: { name: string; values: Record<string, number> }[] = [];
for (const [name, make] of Object.entries(makers)) rows.push({ name, values: await weigh(make) });

figures({
  title: `memory of ${series.toLocaleString('en')} label sets with 3 labels, one of them different for each`,
  target: 'ours <= 1 of the peer',
  note: 'Heap and array buffers after a full collection; a histogram has 11 buckets. One reading each.',
  rows,
});
