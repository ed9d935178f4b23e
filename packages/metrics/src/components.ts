import { MainstayError } from '@mainstay/core';
import { catalogue } from './catalogue/index.js';
import type { Component, ComponentMetric, Stats } from './component-metric.js';
import { readFields } from './custom-fields.js';
import { cleanText } from './labels.js';
import { ReadFamily, type ReadSample } from './read-family.js';

interface ComponentsOptions {
  prefix: string;
  maxComponents: number;
  maxLabelLength: number;
  add(family: ReadFamily): void;
  remove(family: ReadFamily): void;
}

interface Watched {
  readonly component: Component;
  /** The component's name as a label value. */
  readonly name: string;
  /** Whether a warning about its `stats()` has been given. */
  warned: boolean;
}

interface Kind {
  readonly watched: Map<string, Watched>;
  readonly families: readonly ReadFamily[];
  /** What the caller gave as `fields`, to tell whether the next component of the kind means the same. */
  readonly definition: string;
}

/**
 * The components that are watched. Nothing is counted here: at a scrape each component's `stats()` is read once, and all metrics
 * of its kind are written from that one snapshot.
 */
export class Components {
  readonly #options: ComponentsOptions;
  readonly #kinds = new Map<string, Kind>();
  #snapshots: Map<Watched, Stats | undefined> | undefined;

  constructor(options: ComponentsOptions) {
    this.#options = options;
  }

  /** The function that is returned ends it; called again, it does nothing. */
  watch(component: Component, fields?: unknown): () => void {
    const kindName = textOf(component, 'kind');
    const name = cleanText(textOf(component, 'name'), this.#options.maxLabelLength);
    if (typeof component.stats !== 'function') {
      throw new TypeError(`Metrics: the ${kindName} "${name}" cannot be watched: it has no stats()`);
    }
    const metrics = metricsFor(kindName, fields);
    const definition = JSON.stringify(fields) ?? '';
    const known = this.#kinds.get(kindName);
    if (known !== undefined && known.definition !== definition) {
      throw new TypeError(
        `Metrics: components of kind "${kindName}" are watched already, with other "fields"`,
      );
    }
    if (known?.watched.has(name)) {
      throw new MainstayError(
        'ERR_COMPONENT_NAME_TAKEN',
        `Metrics: a ${kindName} named "${name}" is watched already; give each its own name, or stop watching the other one`,
      );
    }
    if ((known?.watched.size ?? 0) >= this.#options.maxComponents) {
      throw new MainstayError(
        'ERR_TOO_MANY_COMPONENTS',
        `Metrics: ${this.#options.maxComponents} components of kind "${kindName}" are watched already (maxSeries)`,
      );
    }
    const kind = known ?? this.#addKind(kindName, metrics, definition);
    const watched: Watched = { component, name, warned: false };
    kind.watched.set(name, watched);
    return () => this.#stop(kindName, kind, watched);
  }

  /** 1 for each component whose `stats()` could be read, 0 for the others. */
  up(): ReadSample[] {
    return [...this.#kinds].flatMap(([kind, { watched }]) =>
      [...watched.values()].map((one) => ({
        labelValues: [kind, one.name],
        value: this.#read(kind, one) === undefined ? 0 : 1,
      })),
    );
  }

  #addKind(name: string, metrics: readonly ComponentMetric[], definition: string): Kind {
    const watched = new Map<string, Watched>();
    const families = metrics.map((metric) => this.#familyOf(name, metric, watched));
    const added: ReadFamily[] = [];
    try {
      for (const family of families) {
        this.#options.add(family);
        added.push(family);
      }
    } catch (error) {
      for (const family of added) this.#options.remove(family);
      throw error;
    }
    const kind = { watched, families, definition };
    this.#kinds.set(name, kind);
    return kind;
  }

  #familyOf(kind: string, metric: ComponentMetric, watched: ReadonlyMap<string, Watched>): ReadFamily {
    const read = () =>
      [...watched.values()].flatMap((one) => {
        const stats = this.#read(kind, one);
        if (stats === undefined) return [];
        return metric
          .read(stats)
          .map(({ labelValues, value }) => ({ labelValues: [one.name, ...labelValues], value }));
      });
    const { help, type } = metric;
    return new ReadFamily({
      name: this.#options.prefix + metric.name,
      help,
      type,
      labels: ['name', ...metric.labels],
      read,
    });
  }

  #stop(name: string, kind: Kind, watched: Watched): void {
    if (kind.watched.get(watched.name) !== watched) return;
    kind.watched.delete(watched.name);
    if (kind.watched.size > 0) return;
    this.#kinds.delete(name);
    for (const family of kind.families) this.#options.remove(family);
  }

  /** The snapshot of a component, taken at most once in one synchronous stretch, that is once a scrape. */
  #read(kind: string, watched: Watched): Stats | undefined {
    if (this.#snapshots === undefined) {
      this.#snapshots = new Map();
      queueMicrotask(() => {
        this.#snapshots = undefined;
      });
    }
    if (!this.#snapshots.has(watched)) this.#snapshots.set(watched, readStats(kind, watched));
    return this.#snapshots.get(watched);
  }
}

function metricsFor(kind: string, fields: unknown): readonly ComponentMetric[] {
  const known = catalogue.get(kind);
  if (known !== undefined && fields !== undefined) {
    throw new TypeError(
      `Metrics: the metrics of kind "${kind}" are fixed; "fields" are for kinds of your own`,
    );
  }
  if (known !== undefined) return known;
  if (fields !== undefined) return readFields(kind, fields);
  throw new MainstayError(
    'ERR_UNKNOWN_COMPONENT_KIND',
    `Metrics: no metrics are known for components of kind "${kind}" (known: ${[...catalogue.keys()].join(', ')}); ` +
      'say which fields of stats() to show: watch(component, { fields: [{ name, help, type, field }] })',
  );
}

function textOf(component: Component, field: 'kind' | 'name'): string {
  const value: unknown = component?.[field];
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(
    `Metrics: a component must have a "${field}" that is a non-empty string, received ${String(value)}`,
  );
}

function readStats(kind: string, watched: Watched): Stats | undefined {
  let problem = 'did not return an object';
  try {
    const stats: unknown = watched.component.stats();
    if (typeof stats === 'object' && stats !== null && !(stats instanceof Promise)) return stats as Stats;
  } catch (error) {
    problem = `failed: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (!watched.warned) {
    watched.warned = true;
    const message = `stats() of the ${kind} "${watched.name}" ${problem}; its metrics are left out`;
    process.emitWarning(message, { type: 'MainstayWarning', code: 'MAINSTAY_METRICS' });
  }
  return undefined;
}
