import type { ReadSample } from './read-family.js';

/** What a component shows of itself: every component of Mainstay has this shape, and any object may. */
export interface Component {
  readonly kind: string;
  readonly name: string;
  /** A plain snapshot of monotonic counters and gauges. */
  stats(): object;
}

/** The snapshot that `stats()` returned, of unknown content. */
export type Stats = Readonly<Record<string, unknown>>;

/** A metric that is read from the snapshots of all components of a kind. The label `name`, of the component, comes first. */
export interface ComponentMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** The labels after `name`. */
  readonly labels: readonly string[];
  /** The samples of one component, without the value of `name`; a field that the snapshot lacks gives none. */
  read(stats: Stats): ReadSample[];
}

type Scalar = Pick<ComponentMetric, 'name' | 'help' | 'type'>;

function numberOf(stats: Stats, field: string): number | undefined {
  const value = stats[field];
  return typeof value === 'number' ? value : undefined;
}

/** One field, one series. `scale` turns the field's unit into the metric's: 0.001 for milliseconds to seconds. */
export function single(metric: Scalar, field: string, scale = 1): ComponentMetric {
  const read = (stats: Stats): ReadSample[] => {
    const value = numberOf(stats, field);
    return value === undefined ? [] : [{ labelValues: [], value: value * scale }];
  };
  return { ...metric, labels: [], read };
}

/** Several fields, one series each: `fields` maps a value of the label to the field. */
export function split(
  metric: Scalar,
  label: string,
  fields: Readonly<Record<string, string>>,
): ComponentMetric {
  const read = (stats: Stats): ReadSample[] =>
    Object.entries(fields).flatMap(([labelValue, field]) => {
      const value = numberOf(stats, field);
      return value === undefined ? [] : [{ labelValues: [labelValue], value }];
    });
  return { ...metric, labels: [label], read };
}

/** A field that names a state: one series a state, 1 for the present one and 0 for the others. */
export function stateSet(
  metric: Omit<Scalar, 'type'>,
  label: string,
  field: string,
  states: readonly string[],
): ComponentMetric {
  return {
    ...metric,
    type: 'gauge',
    labels: [label],
    read: (stats) => (field in stats ? stateSamples(stats[field], states) : []),
  };
}

/** One sample a state, for {@link stateSet} and nested fields. */
export function stateSamples(
  present: unknown,
  states: readonly string[],
  before: readonly string[] = [],
): ReadSample[] {
  return states.map((state) => ({ labelValues: [...before, state], value: present === state ? 1 : 0 }));
}
