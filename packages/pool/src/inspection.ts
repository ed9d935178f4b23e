import type { Entry } from './entry.js';

/** What `inspect()` tells about one open resource. Times in milliseconds. */
export interface PooledResource<R> {
  readonly resource: R;
  /** checking: being validated or reset. */
  readonly state: 'idle' | 'leased' | 'checking';
  /** For how long it has been in that state. */
  readonly forMs: number;
  readonly ageMs: number;
  /** How often it was lent. */
  readonly uses: number;
  /** It has outlived `maxLifetimeMs` in its holder's hands and is destroyed when it comes back. */
  readonly expired: boolean;
}

export function inspect<R>(entries: Set<Entry<R>>, now: number): PooledResource<R>[] {
  return [...entries].map(({ resource, state, since, createdAt, uses, expiresAt }) => ({
    resource,
    state: state as PooledResource<R>['state'],
    forMs: now - since,
    ageMs: now - createdAt,
    uses,
    expired: expiresAt <= now,
  }));
}
