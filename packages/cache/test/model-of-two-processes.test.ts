import fc from 'fast-check';
import { expect } from 'vitest';
import { type Deferred, deferred } from './support/helpers.js';
import { redisTest } from './support/redis.js';

interface Running {
  load: Deferred<number>;
  version: number;
}

/**
 * Two processes on one Redis, each asking Redis for every read. The data is a version number that every change raises; a load
 * brings the version that it read when it began, whenever it ends. A caller never gets a version older than the last change
 * before his call, unless he joined a load that his own process had begun before another process made the change.
 */
redisTest(
  'property: in two processes on one Redis no late load brings an older value back',
  async ({ cache, prefix, settle }) => {
    const maxStaleMs = 0;
    const processes = [await cache({ maxStaleMs }), await cache({ maxStaleMs })];
    const step = fc.record({
      process: fc.nat({ max: 1 }),
      action: fc.oneof(
        { weight: 3, arbitrary: fc.constant('read' as const) },
        { weight: 3, arbitrary: fc.nat({ max: 3 }) },
        {
          weight: 2,
          arbitrary: fc.constantFrom(
            'delete' as const,
            'set' as const,
            'invalidate' as const,
            'clear' as const,
          ),
        },
      ),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        run += 1;
        const key = `${prefix}${run}`;
        const tags = [`tag ${run}`];
        let version = 0;
        let open = 0;
        const running: Running[][] = [[], []];
        const checks: Promise<void>[] = [];
        const read = (index: number): void => {
          const own = running[index] ?? [];
          const least = Math.min(version, ...own.map((load) => load.version));
          const answer = processes[index]?.cache.getOrSet(
            key,
            () => {
              const begun = { load: deferred<number>(), version };
              own.push(begun);
              return begun.load.promise;
            },
            { tags },
          );
          open += 1;
          const check = Promise.resolve(answer).then((seen) => expect(seen).toBeGreaterThanOrEqual(least));
          checks.push(
            check.finally(() => {
              open -= 1;
            }),
          );
        };
        const endAll = async (): Promise<void> => {
          // Who waited for the lease of a load that was refused loads after it.
          do {
            for (const loads of running)
              for (const { load, version: brought } of loads.splice(0)) load.resolve(brought);
            await settle();
          } while (open > 0);
          await Promise.all(checks);
        };
        for (const { process: index, action } of steps) {
          const own = processes[index]?.cache;
          if (action === 'read') read(index);
          else if (typeof action === 'number') {
            const loads = running[index] ?? [];
            const [ended] = loads.splice(action % Math.max(1, loads.length), 1);
            ended?.load.resolve(ended.version);
          } else {
            version += 1;
            if (action === 'set') await own?.set(key, version, { tags });
            else if (action === 'delete') await own?.delete(key);
            else if (action === 'invalidate') await own?.invalidateTags(...tags);
            else await own?.clear();
          }
          await settle();
        }
        await endAll();
        for (const index of [0, 1]) read(index);
        await settle();
        await endAll();
      }),
      { numRuns: 150 },
    );
  },
);
