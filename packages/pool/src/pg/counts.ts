import type { PoolStats } from '../counters.js';
import type { PooledResource } from '../inspection.js';

interface Counted {
  stats(): PoolStats;
  inspect(): PooledResource<unknown>[];
}

const counts: Record<string, (pool: Counted) => number> = {
  totalCount: (pool) => pool.stats().size + pool.stats().connecting,
  idleCount: (pool) => pool.stats().idle,
  // Those for whom a connection is being opened do not count as waiting there.
  waitingCount: (pool) => Math.max(0, pool.stats().waiting - pool.stats().connecting),
  expiredCount: (pool) => pool.inspect().filter(({ expired }) => expired).length,
};

/** pg.Pool's counts. Its types call them properties, which accessors in the body of a subclass cannot override. */
export function defineCounts(prototype: Counted): void {
  for (const [name, count] of Object.entries(counts)) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      get(this: Counted) {
        return count(this);
      },
    });
  }
}
