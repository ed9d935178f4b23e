import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Deferred, deferred, memoryCache, turn } from './support/helpers.js';

interface Running {
  load: Deferred<number>;
  /** The version of the data when the load read it. */
  version: number;
}

/**
 * The data behind a key is a version number that every change raises. A load reads the version when it begins and brings it when
 * it ends, in any order. What must hold: a caller never gets a version older than the last change before his call.
 */
test('property: whatever the order of loads, changes and time, no caller gets what was changed before he asked', async () => {
  const step = fc.oneof(
    fc.constant('read' as const),
    fc.constant('readMaybe' as const),
    fc.constantFrom('delete' as const, 'set' as const, 'invalidate' as const, 'clear' as const),
    fc.nat({ max: 5 }),
    fc.record({ fail: fc.nat({ max: 5 }) }),
    fc.record({ advance: fc.constantFrom(1, 400, 700, 3_000) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { cache, clock } = memoryCache({
        ttlMs: 500,
        staleMs: 500,
        staleIfErrorMs: 1_000,
        loadTimeoutMs: 2_000,
      });
      let version = 0;
      const running: Running[] = [];
      const checks: Promise<void>[] = [];
      const read = (maybe: boolean): void => {
        const least = version;
        const load = (): Promise<number> => {
          const own = { load: deferred<number>(), version };
          running.push(own);
          return own.load.promise;
        };
        const options = { tags: ['tag'] };
        const answer = maybe ? cache.getMaybe('key', load, options) : cache.getOrSet('key', load, options);
        checks.push(
          Promise.resolve(answer).then(
            (seen) => expect(seen).toBeGreaterThanOrEqual(least),
            () => {},
          ),
        );
      };
      for (const action of steps) {
        if (action === 'read' || action === 'readMaybe') read(action === 'readMaybe');
        else if (typeof action === 'number') {
          const [ended] = running.splice(action % Math.max(1, running.length), 1);
          ended?.load.resolve(ended.version);
        } else if (typeof action === 'object' && 'fail' in action) {
          const [ended] = running.splice(action.fail % Math.max(1, running.length), 1);
          ended?.load.reject(new Error('down'));
        } else if (typeof action === 'object') clock.advance(action.advance);
        else {
          version += 1;
          if (action === 'set') await cache.set('key', version, { tags: ['tag'] });
          else if (action === 'delete') await cache.delete('key');
          else if (action === 'invalidate') await cache.invalidateTags('tag');
          else await cache.clear();
        }
        await turn();
      }
      for (const { load, version: brought } of running) load.resolve(brought);
      await Promise.all(checks);
      read(false);
      await turn();
      for (const { load, version: brought } of running) load.resolve(brought);
      await Promise.all(checks);
      await cache.close();
    }),
    { numRuns: 300 },
  );
});
