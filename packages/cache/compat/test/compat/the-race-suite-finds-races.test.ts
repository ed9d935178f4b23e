import { createCache } from '@mainstay/cache';
import { type RaceSubject, races } from '@mainstay/cache/race-suite';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { Cacheable } from 'cacheable';
import { expect, test } from 'vitest';

/** Each in the options that its documentation begins with, on its memory level alone. */
const caches: Record<string, { make: () => RaceSubject; loses: readonly string[] }> = {
  bentocache: { make: bentocache, loses: ['1', '2', '3', '6'] },
  cacheable: { make: cacheable, loses: ['1', '2', '3', '6'] },
  '@mainstay/cache': { make: mainstay, loses: [] },
};

function bentocache(): RaceSubject {
  const bento = new BentoCache({
    default: 'memory',
    stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: 1_000 })) },
  });
  return {
    getOrSet: (key, load, { ttlMs, tags } = {}) =>
      bento.getOrSet({ key, factory: load, ttl: ttlMs ?? 60_000, tags: [...(tags ?? [])] }),
    set: (key, value, { ttlMs, tags } = {}) =>
      bento.set({ key, value, ttl: ttlMs ?? 60_000, tags: [...(tags ?? [])] }),
    delete: (key) => bento.delete({ key }),
    invalidateTags: (tags) => bento.deleteByTag({ tags: [...tags] }),
    close: () => bento.disconnectAll(),
  };
}

function cacheable(): RaceSubject {
  const cache = new Cacheable();
  return {
    getOrSet: (key, load, { ttlMs } = {}) => cache.getOrSet(key, load, { ttl: ttlMs ?? 60_000 }),
    set: (key, value, { ttlMs } = {}) => cache.set(key, value, ttlMs ?? 60_000),
    delete: (key) => cache.delete(key),
    close: () => cache.disconnect(),
  };
}

function mainstay(): RaceSubject {
  const cache = createCache({ name: 'race' });
  return {
    getOrSet: (key, load, options) => cache.getOrSet(key, load, options),
    set: (key, value, options) => cache.set(key, value, options),
    delete: (key) => cache.delete(key),
    invalidateTags: (tags) => cache.invalidateTags(...tags),
    close: () => cache.close(),
  };
}

for (const [name, { make, loses }] of Object.entries(caches)) {
  for (const race of races.filter(({ number }) => ['1', '2', '3', '6'].includes(number))) {
    const lost = loses.includes(race.number);
    test(`${name} ${lost ? 'loses' : 'holds'} ${race.name}`, async () => {
      const run = race.run(() => ({ subject: async () => make() }));
      if (lost) await expect(run).rejects.toMatchObject({ code: 'ERR_RACE_LOST' });
      else await run;
    });
  }
}
