import { entryFromRecord, mayStore } from './entries.js';
import { CacheBusyError, CacheClosedError } from './errors.js';
import { Flight } from './flight.js';
import { Landing } from './landing.js';
import { LeaseHold } from './lease-hold.js';
import type { MemoryEntry } from './memory-entry.js';
import { checkKey, type EntryOptionsReader, type EntrySettings } from './options.js';
import type { RedisReading } from './redis-level.js';
import type { CacheState } from './state.js';
import type { GetOrSetOptions, Loader } from './types.js';

interface Plan {
  readonly background: boolean;
  /** What Redis was just found to hold; null: it does not answer. Undefined: it has to be asked. */
  readonly reading?: RedisReading | null;
}

/** What happens when memory has no fresh answer: join a flight, or begin one: Redis first, then the loader. */
export class LoadPath {
  readonly #state: CacheState;
  readonly #options: EntryOptionsReader;
  /** The key of the last load that callers wait for: whoever asks for it need not look anywhere else first. */
  latestKey: string | undefined;
  readonly #flights = new Map<string, Flight>();
  readonly #leases: LeaseHold;
  readonly #landing: Landing;

  constructor(state: CacheState, options: EntryOptionsReader) {
    this.#state = state;
    this.#options = options;
    this.#leases = new LeaseHold(state);
    this.#landing = new Landing(state, this.#leases, (flight) => this.#leave(flight));
  }

  /** What {@link find} finds, as a promise. First comes the way of ten thousand callers of one cold key, which is as short as it can be. */
  promise(key: string, load: Loader<unknown>, options: GetOrSetOptions | undefined): Promise<unknown> {
    const flight = this.#flights.get(key);
    if (flight !== undefined && options?.signal === undefined && !flight.background && this.#holds(flight)) {
      this.#state.counters.coalesced += 1;
      return flight.share();
    }
    return Promise.resolve(this.find(key, load, options));
  }

  /** The value itself if a stale one is answered, else a promise. Never throws. */
  find(key: string, load: Loader<unknown>, options: GetOrSetOptions | undefined): unknown {
    const flight = this.#joinable(key);
    if (flight !== undefined && !flight.background) return this.#join(flight, options?.signal);
    try {
      checkKey(key);
      if (typeof load !== 'function') throw new TypeError('Cache: the loader must be a function');
      if (this.#state.closed) throw new CacheClosedError(this.#state.settings.name);
      const settings = this.#options.read(options);
      options?.signal?.throwIfAborted();
      return this.#findChecked(key, load, settings, options?.signal, flight);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  close(): void {
    const error = new CacheClosedError(this.#state.settings.name);
    for (const flight of [...this.#flights.values()]) this.#abandon(flight, error);
  }

  #findChecked(
    key: string,
    load: Loader<unknown>,
    settings: EntrySettings,
    signal: AbortSignal | undefined,
    refreshing: Flight | undefined,
  ): unknown {
    const entry = this.#state.memory.living(key);
    const standing = entry === undefined ? 'unusable' : this.#standing(entry);
    if (entry !== undefined && standing !== 'unusable') {
      if (standing === 'fresh') this.#state.counters.memoryHits += 1;
      else this.#answerStale(key, load, settings, entry);
      return entry.value;
    }
    if (refreshing !== undefined) return this.#join(refreshing, signal);
    const failure = this.#state.failures.get(key);
    if (failure !== undefined && entry === undefined) {
      this.#state.counters.coalesced += 1;
      return Promise.reject(failure.error);
    }
    if (this.#full()) throw new CacheBusyError(this.#state.settings.name, this.#state.settings.maxLoads);
    return this.#begin(key, load, settings, { background: false }).wait(signal);
  }

  #full(): boolean {
    if (this.#flights.size < this.#state.settings.maxLoads) return false;
    this.#state.counters.loadsRefused += 1;
    return true;
  }

  /** What memory may answer on its own: all that lives while Redis is away, else only what Redis confirmed lately. */
  #standing(entry: MemoryEntry): 'fresh' | 'stale' | 'unusable' {
    const now = this.#state.clock.now();
    if (entry.confirmedUntil <= now && this.#state.redis?.usable() === true) return 'unusable';
    if (entry.freshUntil > now) return 'fresh';
    return entry.staleUntil > now || entry.retryAt > now ? 'stale' : 'unusable';
  }

  #joinable(key: string): Flight | undefined {
    const flight = this.#flights.get(key);
    return flight !== undefined && this.#holds(flight) ? flight : undefined;
  }

  /** Whether nothing happened since it began that makes what it brings old. */
  #holds({ token, settings }: Flight): boolean {
    return token.current && this.#state.tags.holdSince(settings.tags, token.sequence);
  }

  #join(flight: Flight, signal: AbortSignal | undefined): Promise<unknown> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    this.#state.counters.coalesced += 1;
    return flight.wait(signal);
  }

  #answerStale(
    key: string,
    load: Loader<unknown>,
    settings: EntrySettings,
    entry: MemoryEntry,
    reading?: RedisReading | null,
  ): void {
    this.#state.counters[reading ? 'redisStaleHits' : 'memoryStaleHits'] += 1;
    if (entry.retryAt > this.#state.clock.now() || this.#joinable(key) !== undefined || this.#full()) return;
    this.#begin(key, load, settings, {
      background: true,
      ...(reading === undefined ? {} : { reading }),
    });
  }

  #begin(key: string, load: Loader<unknown>, settings: EntrySettings, plan: Plan): Flight {
    const { tokens, tags, redis } = this.#state;
    const token = tokens.begin(key, tags.sequence);
    const stale = (): unknown => this.#state.memory.living(key)?.value;
    const { background } = plan;
    const flight = new Flight({ key, load, settings, token, background, stale }, this.#abandon);
    this.#flights.set(key, flight);
    if (!background) this.latestKey = key;
    if (redis === undefined || plan.reading === null) this.#landing.load(flight, undefined);
    else this.#askRedis(flight, plan.reading).catch((error: unknown) => this.#landing.failed(flight, error));
    return flight;
  }

  /** Nobody waits for it any more. */
  readonly #abandon = (flight: Flight, reason: unknown): void => {
    this.#leave(flight);
    flight.reject(reason);
    flight.abort(reason);
    this.#leases.release(flight);
  };

  #leave(flight: Flight): void {
    if (this.#flights.get(flight.key) === flight) {
      this.#flights.delete(flight.key);
      if (this.latestKey === flight.key) this.latestKey = undefined;
    }
    this.#state.tokens.end(flight.token);
  }

  async #askRedis(flight: Flight, known: RedisReading | undefined): Promise<void> {
    const waitUntil = this.#state.clock.now() + this.#state.settings.loadTimeoutMs;
    for (let reading = known; !flight.settled; reading = undefined) {
      if (reading === undefined) {
        reading = await this.#state.redis?.read(flight.key, flight.settings.tags);
        if (flight.settled) return;
        const answer =
          reading === undefined ? this.#answerAlone(flight) : this.#answerFromRedis(flight, reading);
        const answered = answer instanceof Promise ? await answer : answer;
        if (answered || flight.settled) return;
      }
      const next = reading === undefined ? 'load' : await this.#leases.acquire(flight, reading, waitUntil);
      if (flight.settled) return;
      if (next === 'load') {
        if (reading !== undefined && !flight.background) this.#state.counters.redisMisses += 1;
        this.#landing.load(flight, reading?.captured);
        return;
      }
      this.#renew(flight);
    }
  }

  /** Redis is asked anew, so what was changed before this moment is no reason to drop what it answers. */
  #renew(flight: Flight): void {
    const { tokens, tags } = this.#state;
    tokens.end(flight.token);
    flight.token = tokens.begin(flight.key, tags.sequence);
  }

  /** Redis did not answer: what memory still has is better than a load. */
  #answerAlone(flight: Flight): boolean {
    const entry = this.#state.memory.living(flight.key);
    const now = this.#state.clock.now();
    if (entry === undefined || flight.background || entry.staleUntil <= now) return false;
    this.#landing.finish(flight, entry.value);
    if (entry.freshUntil > now) this.#state.counters.memoryHits += 1;
    else this.#answerStale(flight.key, flight.load, flight.settings, entry, null);
    return true;
  }

  #answerFromRedis(flight: Flight, reading: RedisReading): boolean | Promise<boolean> {
    const { key, token, settings } = flight;
    const { record } = reading;
    if (record === undefined) return this.#answerWith(flight, reading, undefined);
    const entry = entryFromRecord(this.#state, key, record, token, settings.schema);
    if (!(entry instanceof Promise)) return this.#answerWith(flight, reading, entry);
    return entry.then((later) => this.#answerWith(flight, reading, later));
  }

  #answerWith(flight: Flight, reading: RedisReading, entry: MemoryEntry | undefined): boolean {
    const { key, token, background } = flight;
    if (entry === undefined) {
      // Gone in Redis means changed by somebody: what memory still has must not come back, not even when loading fails.
      if (token.current) this.#state.memory.delete(key);
      return false;
    }
    // Its callers may have gone; and one may have joined after the invalidation of a tag that only the value itself names.
    if (flight.settled || !this.#state.tags.holdSince(entry.tags, token.sequence)) return false;
    // What Redis still had when it was asked is answered, however long it takes to decode: its clock counts, and may be another.
    const now = reading.startedAt;
    if (mayStore(this.#state, token, entry.tags)) this.#state.memory.set(key, entry);
    if (entry.freshUntil > now) {
      if (!background) this.#state.counters.redisHits += 1;
      this.#landing.finish(flight, entry.value);
      return true;
    }
    if (background || entry.staleUntil <= now) return false;
    this.#landing.finish(flight, entry.value);
    this.#answerStale(key, flight.load, flight.settings, entry, reading);
    return true;
  }
}
