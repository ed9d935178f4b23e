import { type ComponentMetric, single, split, stateSet } from '../component-metric.js';

/** Milliseconds, as a field has them, in seconds, as Prometheus wants them. */
export const inSeconds = 0.001;

/** Short ways to say the metrics of one kind: each is named `mainstay_<kind>_<name>`, a counter with `_total`. */
export const metricsOf = (kind: string) => ({
  counter: (name: string, help: string, field: string, scale?: number): ComponentMetric =>
    single({ name: `mainstay_${kind}_${name}_total`, help, type: 'counter' }, field, scale),

  gauge: (name: string, help: string, field: string, scale?: number): ComponentMetric =>
    single({ name: `mainstay_${kind}_${name}`, help, type: 'gauge' }, field, scale),

  /** Several fields: `fields` maps the values of the label to them. */
  counters: (name: string, help: string, label: string, fields: Readonly<Record<string, string>>) =>
    split({ name: `mainstay_${kind}_${name}_total`, help, type: 'counter' }, label, fields),

  gauges: (name: string, help: string, label: string, fields: Readonly<Record<string, string>>) =>
    split({ name: `mainstay_${kind}_${name}`, help, type: 'gauge' }, label, fields),

  /** A field that names a state. */
  state: (name: string, help: string, field: string, states: readonly string[]): ComponentMetric =>
    stateSet({ name: `mainstay_${kind}_${name}`, help }, 'state', field, states),
});
