import type { ReadSample } from './read-family.js';
import type { ScrapeFailure } from './scraper.js';

/** Counts what scrapes had to leave out, by metric, and warns once a metric. */
export class ScrapeFailures {
  readonly #counts = new Map<string, Record<ScrapeFailure, number>>();
  readonly #maxMetrics: number;

  constructor(maxMetrics: number) {
    this.#maxMetrics = maxMetrics;
  }

  add(metric: string, reason: ScrapeFailure, cause?: unknown): void {
    let counts = this.#counts.get(metric);
    if (counts === undefined) {
      if (this.#counts.size >= this.#maxMetrics) return;
      counts = { timeout: 0, error: 0 };
      this.#counts.set(metric, counts);
      const why = reason === 'timeout' ? 'did not come back in time' : `failed: ${messageOf(cause)}`;
      const message = `collect() of the metric ${metric} ${why}; the metric is left out of the scrape`;
      process.emitWarning(message, { type: 'MainstayWarning', code: 'MAINSTAY_METRICS' });
    }
    counts[reason]++;
  }

  read(): ReadSample[] {
    return [...this.#counts].flatMap(([metric, { timeout, error }]) => [
      { labelValues: [metric, 'timeout'], value: timeout },
      { labelValues: [metric, 'error'], value: error },
    ]);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
