import type { PoolCounters, PoolStats } from './counters.js';
import type { Entry } from './entry.js';
import { type Holding, heldOf, linesOf } from './holding.js';

/** Holders that are listed; the figures count all. */
const LISTED = 10;
/** A loan looks forgotten that is unused for this many times what loans last on average, of so many at least. */
const FAR_BEYOND_AVERAGE = 100;
const ENOUGH_LOANS = 20;

/**
 * Why a caller got nothing.
 *
 * - self-deadlock: callers wait for what they hold themselves, by a second checkout inside of the first
 * - leak: at least half of the resources are with holders who do not use them any more
 * - slow-work: at least half of the resources did not come back in the second half of the caller's wait
 * - exhausted: they come back, but more is asked for than they can serve
 * - unreachable: no resource could be created (see `cause`), or those that are open do not answer
 * - connecting: a creation is under way and takes longer than the caller could wait
 */
export type AcquireTimeoutReason =
  | 'self-deadlock'
  | 'leak'
  | 'slow-work'
  | 'exhausted'
  | 'unreachable'
  | 'connecting';

/** Who has one of the resources. Times in milliseconds. */
export interface Holder {
  readonly heldMs: number;
  /** Since it last asked its lease for the resource. */
  readonly unusedMs: number;
  /** What the resource is doing, as the pool's `describe` tells it. */
  readonly doing: string | undefined;
  /** Where it was acquired, one frame a line; of about one loan a millisecond. */
  readonly stack: string | undefined;
  /** The holder's own async context waits for another resource of this pool. */
  readonly waits: boolean;
  /** It seems to have been forgotten. */
  readonly leaked: boolean;
}

/** What was going on in the pool when a caller's deadline passed. Times in milliseconds. */
export interface AcquireDiagnosis {
  readonly reason: AcquireTimeoutReason;
  readonly name: string;
  readonly waitedMs: number;
  readonly max: number;
  readonly inUse: number;
  readonly idle: number;
  readonly connecting: number;
  /** Other callers still in the queue. */
  readonly waiting: number;
  /** How many resources of this pool the caller's async context holds already. */
  readonly heldByCaller: number;
  /** For how long the present holders have had theirs, longest first. */
  readonly heldForMs: readonly number[];
  /** The ten who have had theirs for the longest. */
  readonly holders: readonly Holder[];
  /** Failed creations in a row, and how long ago the last one was. */
  readonly failedCreations: number;
  readonly lastFailureAgoMs: number | undefined;
}

export interface DiagnosticsHost<R> {
  name: string;
  /** The owner of the pool's loans. */
  owner: object;
  leakAfterMs: number;
  entries: ReadonlySet<Entry<R>>;
  counters: PoolCounters;
  now: () => number;
  describe: ((resource: R) => string | undefined) | undefined;
  stats: () => PoolStats;
  lastFailureAgoMs: () => number | undefined;
  walkWaiting: (visit: (waiter: { readonly holding: Holding | undefined }) => void) => void;
}

interface Picture {
  at: number;
  heldForMs: readonly number[];
  holders: readonly Holder[];
  waits: number;
  leaked: number;
}

/** Sorts out why a caller got nothing, and tells who holds what. */
export class Diagnostics<R> {
  readonly #host: DiagnosticsHost<R>;
  #last: Picture | undefined;

  constructor(host: DiagnosticsHost<R>) {
    this.#host = host;
  }

  /** @param holding the innermost loan of the caller's async context */
  diagnose(waitedMs: number, holding: Holding | undefined): AcquireDiagnosis {
    const { name, owner, stats, lastFailureAgoMs } = this.#host;
    const picture = this.#picture();
    const { max, inUse, idle, connecting, waiting, failedCreations } = stats();
    const heldByCaller = heldOf(owner, holding).length;
    return {
      reason: this.#reason(picture, waitedMs, heldByCaller),
      name,
      waitedMs,
      max,
      inUse,
      idle,
      connecting,
      waiting,
      heldByCaller,
      heldForMs: picture.heldForMs,
      holders: picture.holders,
      failedCreations,
      lastFailureAgoMs: lastFailureAgoMs(),
    };
  }

  #reason(
    { heldForMs, waits, leaked }: Picture,
    waitedMs: number,
    heldByCaller: number,
  ): AcquireTimeoutReason {
    const { size, connecting, max, inUse, failedCreations } = this.#host.stats();
    const lent = heldForMs.length;
    if (heldByCaller > 0 || (lent > 0 && waits * 2 >= lent)) return 'self-deadlock';
    const checking = inUse - lent;
    if (size < max && failedCreations === 0 && connecting > 0) return 'connecting';
    // Somebody waits for the answer to a check that does not come.
    if (size < max) return failedCreations > 0 || checking > 0 ? 'unreachable' : 'exhausted';
    // All of them are being validated or reset.
    if (lent === 0) return 'unreachable';
    if (leaked * 2 >= lent) return 'leak';
    return heldForMs.filter((heldMs) => heldMs * 2 >= waitedMs).length * 2 >= lent
      ? 'slow-work'
      : 'exhausted';
  }

  /** Thousands of callers may time out at the same moment: one picture for a whole millisecond is as good as it needs to be. */
  #picture(): Picture {
    const now = this.#host.now();
    if (this.#last !== undefined && now - this.#last.at < 1) return this.#last;
    const lent = [...this.#host.entries].filter((entry) => entry.state === 'leased');
    lent.sort((one, other) => one.since - other.since);
    const waiting = this.#holdingsThatWait();
    const all = lent.map((entry) => this.#holder(entry, now, waiting));
    this.#last = {
      at: now,
      heldForMs: Object.freeze(all.map(({ heldMs }) => heldMs)),
      holders: Object.freeze(
        all.slice(0, LISTED).map((holder, index) => {
          const { holding, resource } = lent[index] as Entry<R>;
          return Object.freeze({
            ...holder,
            doing: holder.doing ?? this.#describe(resource),
            stack: linesOf(holding?.trace),
          });
        }),
      ),
      waits: all.filter((holder) => holder.waits).length,
      leaked: all.filter((holder) => holder.leaked).length,
    };
    return this.#last;
  }

  #holder(entry: Entry<R>, now: number, waiting: ReadonlySet<Holding>): Holder {
    const heldMs = now - entry.since;
    const unusedMs = entry.unusedMs(now);
    const waits = entry.holding !== undefined && waiting.has(entry.holding);
    const forgotten = entry.holding?.suspected === true || unusedMs >= this.#longUnusedMs();
    const doing = forgotten ? this.#describe(entry.resource) : undefined;
    return {
      heldMs,
      unusedMs,
      doing,
      stack: undefined,
      waits,
      leaked: forgotten && !waits && doing === undefined,
    };
  }

  #longUnusedMs(): number {
    const { counters, leakAfterMs } = this.#host;
    const limit = leakAfterMs > 0 ? leakAfterMs : Number.POSITIVE_INFINITY;
    if (counters.released < ENOUGH_LOANS || leakAfterMs === 0) return limit;
    const averageMs = counters.heldMs / counters.released;
    return Math.min(limit, Math.max(1_000, averageMs * FAR_BEYOND_AVERAGE));
  }

  #holdingsThatWait(): Set<Holding> {
    const waiting = new Set<Holding>();
    this.#host.walkWaiting(({ holding }) => {
      for (const held of heldOf(this.#host.owner, holding)) waiting.add(held);
    });
    return waiting;
  }

  #describe(resource: R): string | undefined {
    try {
      return this.#host.describe?.(resource);
    } catch {
      return undefined;
    }
  }
}
