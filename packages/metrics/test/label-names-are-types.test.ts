import { expectTypeOf, test } from 'vitest';
import {
  type Counter,
  type CounterFamily,
  type Gauge,
  type Histogram,
  type HistogramFamily,
  Metrics,
} from '../src/index.js';

const help = 'What it is.';

test('without labels a metric is its only series; with labels it asks for exactly them', () => {
  const metrics = new Metrics();
  expectTypeOf(metrics.counter({ name: 'a_total', help })).toEqualTypeOf<Counter>();
  expectTypeOf(metrics.gauge({ name: 'b', help })).toEqualTypeOf<Gauge>();
  expectTypeOf(metrics.histogram({ name: 'c', help, buckets: [1] })).toEqualTypeOf<Histogram>();
  const counter = metrics.counter({ name: 'd_total', help, labels: ['route', 'status'] });
  expectTypeOf(counter).toEqualTypeOf<CounterFamily<'route' | 'status'>>();
  const asConst = metrics.histogram({ name: 'e', help, labels: ['route'] as const });
  expectTypeOf(asConst).toEqualTypeOf<HistogramFamily<'route'>>();
  expectTypeOf(counter.labels({ route: '/x', status: 200 })).toEqualTypeOf<Counter>();
  counter.inc({ route: '/x', status: undefined });

  // @ts-expect-error a label is missing
  counter.inc({ route: '/x' });
  // @ts-expect-error a label too many
  counter.inc({ route: '/x', status: 200, methd: 'GET' });
  // @ts-expect-error an object is no label value
  counter.inc({ route: {}, status: 200 });
  // @ts-expect-error a counter has no set
  counter.labels({ route: '/x', status: 200 }).set;
  // @ts-expect-error labels come first
  asConst.observe(5);
});
