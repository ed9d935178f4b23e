import type { Registry } from 'prom-client';
import type { Family } from './family.js';
import { ReadFamily, type ReadSample } from './read-family.js';
import { metricsOf } from './registry.js';
import { SeriesFamily, type StoredSeries } from './series-family.js';

/** What the metrics say of themselves: what was dropped, refused or could not be collected. Counted where it happens, read here. */
export function selfMetrics(
  register: Registry,
  prefix: string,
  readFailures: () => readonly ReadSample[],
  readUp: () => readonly ReadSample[],
): Family[] {
  const families = () =>
    metricsOf(register).filter(
      (metric): metric is SeriesFamily<StoredSeries> => metric instanceof SeriesFamily,
    );
  return [
    new ReadFamily({
      name: `${prefix}mainstay_metrics_dropped_label_sets_total`,
      help: 'Calls that were counted in the series "__other__" because the metric had reached maxSeries.',
      type: 'counter',
      labels: ['metric'],
      read: () =>
        families()
          .filter(({ labelNames }) => labelNames.length > 0)
          .map(({ name, droppedLabelSets }) => ({ labelValues: [name], value: droppedLabelSets })),
    }),
    new ReadFamily({
      name: `${prefix}mainstay_metrics_rejected_total`,
      help: 'Values that a metric could not take, and labels that it does not have.',
      type: 'counter',
      labels: ['metric', 'reason'],
      read: () =>
        families().flatMap(({ name, labelNames, badValues, unknownLabels }) => {
          const byValue = { labelValues: [name, 'value'], value: badValues };
          const byLabel = { labelValues: [name, 'label'], value: unknownLabels };
          return labelNames.length > 0 ? [byValue, byLabel] : [byValue];
        }),
    }),
    new ReadFamily({
      name: `${prefix}mainstay_metrics_scrape_failures_total`,
      help: 'Scrapes that had to do without a metric, because its collect() failed or took too long.',
      type: 'counter',
      labels: ['metric', 'reason'],
      read: readFailures,
    }),
    new ReadFamily({
      name: `${prefix}mainstay_component_up`,
      help: '1 for a component that is watched and whose stats() could be read, else 0.',
      type: 'gauge',
      labels: ['kind', 'name'],
      read: readUp,
    }),
  ];
}
