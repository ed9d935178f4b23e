import { test } from 'vitest';
import { createCache } from '../src/index.js';
import { type RaceSubject, races } from '../src/race-suite.js';
import { redisTest } from './support/redis.js';

const adapter = (cache: ReturnType<typeof createCache>): RaceSubject => ({
  getOrSet: (key, load, options) => cache.getOrSet(key, load, options),
  set: (key, value, options) => cache.set(key, value, options),
  delete: (key) => cache.delete(key),
  invalidateTags: (tags) => cache.invalidateTags(...tags),
  close: () => cache.close(),
});

for (const race of races) {
  redisTest(`two levels hold ${race.name}`, async (workshop) => {
    await race.run(() => ({
      subject: async () => adapter((await workshop.cache()).cache),
      cutMessages: async () => {
        await (await workshop.client()).call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      },
    }));
  });
  if (race.subjects === 1)
    test(`memory alone holds ${race.name}`, () =>
      race.run(() => ({ subject: async () => adapter(createCache({ name: 'race' })) })));
}
