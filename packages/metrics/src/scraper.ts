import { type Clock, deadlinesOf } from '@mainstay/core';
import type { Registry } from 'prom-client';
import {
  defaultLabelsOf,
  isFamily,
  metricsOf,
  type RegisteredMetric,
  renderForeign,
  requireTextFormat,
} from './registry.js';

export type ScrapeFailure = 'timeout' | 'error';

interface ScraperOptions {
  register: Registry;
  timeoutMs: number;
  clock: Clock;
  failed(metric: string, reason: ScrapeFailure, cause?: unknown): void;
}

/** The asynchronous part of one metric: the `collect` of ours, the whole text of prom-client's. */
interface Collection {
  readonly settled: Promise<void>;
  state: 'running' | 'overdue' | 'done' | 'failed';
  text: string;
}

/**
 * Renders a registry within a bounded time. Metrics whose `collect` throws or does not come back in time are left out of this
 * scrape, and the rest is served: prom-client alone fails the whole scrape, or waits for ever.
 */
export class Scraper {
  readonly #options: ScraperOptions;
  /** Collections under way. Scrapes that overlap share them; a hanging `collect` is not called again on top of itself. */
  readonly #running = new Map<RegisteredMetric, Collection>();

  constructor(options: ScraperOptions) {
    this.#options = options;
  }

  /** The registry in the text format. */
  async render(): Promise<string> {
    const { register } = this.#options;
    requireTextFormat(register);
    const collections = new Map<RegisteredMetric, Collection>();
    for (const metric of metricsOf(register)) {
      if (isFamily(metric) && metric.collect === undefined) continue;
      collections.set(metric, this.#running.get(metric) ?? this.#collect(metric));
    }
    await this.#settle([...collections.values()]);
    for (const [metric, collection] of collections) this.#conclude(metric, collection);

    const defaults = defaultLabelsOf(register);
    const texts: string[] = [];
    for (const metric of metricsOf(register)) {
      const collection = collections.get(metric);
      if (collection !== undefined && collection.state !== 'done') continue;
      if (isFamily(metric)) texts.push(metric.render(defaults));
      else if (collection !== undefined) texts.push(collection.text);
    }
    return texts.join('\n');
  }

  #collect(metric: RegisteredMetric): Collection {
    const work = async () => {
      if (isFamily(metric)) await metric.collect?.();
      else collection.text = `${await renderForeign(this.#options.register, metric)}\n`;
    };
    const finish = (state: 'done' | 'failed', cause?: unknown) => {
      // What comes after its scrape has gone is dropped; the next scrape collects afresh.
      if (collection.state === 'running') collection.state = state;
      this.#running.delete(metric);
      if (state === 'failed') this.#options.failed(metric.name, 'error', cause);
    };
    const collection: Collection = { settled: Promise.resolve(), state: 'running', text: '' };
    this.#running.set(metric, collection);
    const settled = work().then(
      () => finish('done'),
      (cause: unknown) => finish('failed', cause),
    );
    return Object.assign(collection, { settled });
  }

  /** Waits until all collections are done, but for those that an earlier scrape has already waited for in vain. */
  async #settle(collections: readonly Collection[]): Promise<void> {
    const awaited = collections.filter(({ state }) => state === 'running').map(({ settled }) => settled);
    if (awaited.length === 0) return;
    await new Promise<void>((resolve) => {
      const { clock, timeoutMs } = this.#options;
      const deadline = deadlinesOf(clock).add(timeoutMs, resolve);
      void Promise.all(awaited).then(() => {
        deadline.cancel();
        resolve();
      });
    });
  }

  #conclude(metric: RegisteredMetric, collection: Collection): void {
    if (collection.state === 'running') collection.state = 'overdue';
    if (collection.state === 'overdue') this.#options.failed(metric.name, 'timeout');
  }
}
