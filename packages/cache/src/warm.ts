import { option, readOptions, throwIfAborted } from '@mainstay/core';

export interface WarmOptions {
  /** Loads at once. Default 10. */
  concurrency?: number;
  /** Ends it: `warm` rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface WarmResult {
  /** Now in the cache, loaded or found. */
  warmed: number;
  /** Loads that failed: warming goes on without them. */
  failed: number;
}

/** Runs through the items, a few at once. An async iterable is read no faster than it is warmed. */
export async function warmEach<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  warm: (item: Item, signal: AbortSignal | undefined) => unknown,
  options: WarmOptions | undefined,
): Promise<WarmResult> {
  const { concurrency, signal } = readOptions('Cache: warm', options, {
    concurrency: option.integer({ min: 1, max: 10_000, default: 10 }),
    signal: option.instance<AbortSignal>({ optional: true, methods: ['addEventListener'] }),
  });
  const result: WarmResult = { warmed: 0, failed: 0 };
  const running = new Set<Promise<void>>();
  const run = async (item: Item): Promise<void> => {
    try {
      await warm(item, signal);
      result.warmed += 1;
    } catch {
      result.failed += 1;
    }
  };
  for await (const item of items) {
    throwIfAborted(signal);
    const work = run(item).finally(() => running.delete(work));
    running.add(work);
    if (running.size >= concurrency) await Promise.race(running);
  }
  await Promise.all(running);
  throwIfAborted(signal);
  return result;
}
