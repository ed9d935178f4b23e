import { Events, type Listener, MainstayError, readOptions } from '@mainstay/core';
import { BreakerShelf, type Place } from './breaker-shelf.js';
import type { CallContext } from './call-context.js';
import { CircuitBreaker, type ExecuteOptions } from './circuit-breaker.js';
import {
  type CircuitBreakerGroupEvents,
  type EvictionReason,
  groupEventNames,
  MemberEvents,
} from './group-events.js';
import { type CircuitBreakerGroupOptions, groupFields } from './group-options.js';
import { type CircuitBreakerGroupStats, GroupTally } from './group-stats.js';
import { PreparedOptions } from './prepared-options.js';
import { type Settings, settingsOf, withSharedParts } from './settings.js';

const OWNER = 'CircuitBreakerGroup';
/** Keys may come from outside, and are kept: longer ones are refused. */
const LONGEST_KEY = 1_024;

/**
 * A breaker for each key: host, tenant, model. Each is made when its key is first asked for, with the options of the group, and
 * given up when nobody has asked for it in a long time, or when there are too many. What is given up is forgotten: its key
 * begins with a closed circuit. Nothing runs in the background.
 */
export class CircuitBreakerGroup {
  readonly name: string;
  readonly #settings: Settings;
  readonly #maxBreakers: number;
  readonly #idleMs: number;
  readonly #shelf = new BreakerShelf();
  readonly #tally = new GroupTally();
  #events = new Events<CircuitBreakerGroupEvents>();
  #sweepsAt: number;
  #closed = false;
  readonly #eventsOfGroup = () => this.#events;

  /** @throws TypeError or RangeError naming the option that is wrong, what was received and what is allowed */
  constructor(options: CircuitBreakerGroupOptions) {
    const { maxBreakers, idleMs, ...breakerOptions } = readOptions(OWNER, options, groupFields);
    this.name = breakerOptions.name;
    this.#settings = withSharedParts(settingsOf(OWNER, breakerOptions));
    this.#maxBreakers = maxBreakers;
    this.#idleMs = idleMs;
    this.#sweepsAt = this.#now() + idleMs;
    this.#sortWhatChanges();
  }

  get kind(): 'circuit-breaker-group' {
    return 'circuit-breaker-group';
  }

  /** How many breakers are kept. */
  get size(): number {
    return this.#shelf.size;
  }

  /**
   * The key's breaker, made if there is none; its name is `group/key`. Ask for it each time: one that was held on to may have
   * been given up meanwhile, and then goes on alone.
   * @param key 1 to 1,024 characters
   * @throws TypeError or RangeError for a key that is none; MainstayError `ERR_CIRCUIT_GROUP_CLOSED` after `close()`
   */
  get(key: string): CircuitBreaker {
    const place = this.#shelf.find(key);
    if (place === undefined) return this.#make(key);
    place.wanted = true;
    place.usedAt = this.#now();
    return place.breaker;
  }

  /** The key's breaker if there is one. Counts as no use. */
  peek(key: string): CircuitBreaker | undefined {
    return this.#shelf.find(key)?.breaker;
  }

  /** {@link CircuitBreaker.execute} of the key's breaker. @returns rejects with what `get` throws, too; it never throws */
  execute<Result>(
    key: string,
    fn: (context: CallContext) => Result | PromiseLike<Result>,
    options?: ExecuteOptions,
  ): Promise<Result> {
    try {
      return this.get(key).execute(fn, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Adds a listener to what all breakers of the group tell, now and later, and to `create` and `evict`.
   * @returns removes it
   * @throws TypeError for an unknown event
   */
  on<Event extends keyof CircuitBreakerGroupEvents>(
    event: Event,
    listener: Listener<CircuitBreakerGroupEvents[Event]>,
  ): () => void {
    if (groupEventNames.includes(event)) return this.#events.on(event, listener);
    throw new TypeError(`${OWNER}: there is no event "${String(event)}", only ${groupEventNames.join(', ')}`);
  }

  /** Reads every breaker: a few microseconds each. */
  stats(): CircuitBreakerGroupStats {
    this.#evictIdle();
    const kept = [...this].map((breaker) => breaker.stats());
    return this.#tally.total(kept);
  }

  /** The breakers that are kept, in no particular order; they may be given up while they are gone through. */
  *[Symbol.iterator](): Generator<CircuitBreaker, void> {
    for (const { breaker } of this.#shelf.places()) yield breaker;
  }

  /**
   * Gives all breakers up: who waits for a probe is turned away, calls under way end as they would, `get` throws from now on
   * and `execute` rejects. Listeners hear of the evictions and of nothing after them.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const events = this.#events;
    // Nobody is to hear that the breakers are isolated: they are merely gone.
    this.#events = new Events();
    const places = [...this.#shelf.places()];
    this.#shelf.clear();
    for (const place of places) {
      this.#evicted(place, 'group-closed', events);
      place.breaker.isolate();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #now(): number {
    return this.#settings.clock.coarseNow();
  }

  #make(key: string): CircuitBreaker {
    if (this.#closed)
      throw new MainstayError('ERR_CIRCUIT_GROUP_CLOSED', `${OWNER} "${this.name}" is closed`);
    assertKey(key);
    this.#evictIdle();
    const full = this.#shelf.size >= this.#maxBreakers;
    const leaving = full ? this.#shelf.leastWanted() : undefined;
    const place = { key, breaker: this.#breakerFor(key), usedAt: this.#now(), wanted: false };
    const { breaker } = place;
    // Settled before anybody hears of it: a listener may ask for a breaker itself.
    if (leaving !== undefined) this.#shelf.remove(leaving);
    const kept = !full || leaving !== undefined;
    if (kept) this.#shelf.put(place);
    this.#tally.created();
    if (leaving !== undefined) this.#evicted(leaving, 'full');
    this.#events.emit('create', { name: breaker.name, key, breaker });
    if (!kept) this.#evicted(place, 'full');
    return breaker;
  }

  #breakerFor(key: string): CircuitBreaker {
    const events = new MemberEvents(this.#eventsOfGroup);
    return new CircuitBreaker(new PreparedOptions(`${this.name}/${key}`, this.#settings, events));
  }

  #evictIdle(): void {
    const now = this.#now();
    if (now < this.#sweepsAt) return;
    this.#sweepsAt = now + this.#idleMs / 4;
    for (const place of [...this.#shelf.places()]) {
      const { state, retryAfterMs } = place.breaker;
      const mayGo = state === 'closed' || (state !== 'isolated' && retryAfterMs === 0);
      if (!mayGo || now - place.usedAt < this.#idleMs) continue;
      this.#shelf.remove(place);
      this.#evicted(place, 'idle');
    }
  }

  #evicted({ key, breaker }: Place, reason: EvictionReason, events = this.#events): void {
    this.#tally.evicted(breaker.stats());
    events.emit('evict', { name: breaker.name, key, breaker, reason });
  }

  #sortWhatChanges(): void {
    const keyAt = this.name.length + 1;
    this.#events.on('stateChange', ({ name }) => this.#shelf.sort(name.slice(keyAt)));
  }
}

function assertKey(key: unknown): void {
  if (typeof key !== 'string') {
    throw new TypeError(
      `${OWNER}: key must be a string of 1 to ${LONGEST_KEY} characters, received ${key === null ? 'null' : typeof key}`,
    );
  }
  if (key.length === 0 || key.length > LONGEST_KEY) {
    throw new RangeError(
      `${OWNER}: key must be a string of 1 to ${LONGEST_KEY} characters, received ${key.length} characters`,
    );
  }
}
