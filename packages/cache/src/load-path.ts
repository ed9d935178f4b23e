import { entryFromRecord, mayStore, newEntry, toSharedShape } from './entries.js';
import { CacheClosedError, CacheLoadTimeoutError } from './errors.js';
import { Flight } from './flight.js';
import type { MemoryEntry } from './memory-level.js';
import { checkKey, type EntryOptionsReader, type EntrySettings } from './options.js';
import type { Captured, RedisReading } from './redis-level.js';
import type { CacheState } from './state.js';
import type { GetOrSetOptions, Loader } from './types.js';

/** After a refresh that failed, a stale value is answered this long before the source is tried again. */
const REFRESH_RETRY_MS = 1_000;

/** What happens when memory has no fresh answer: join a flight, or begin one: Redis first, then the loader. */
export class LoadPath {
  readonly #state: CacheState;
  readonly #options: EntryOptionsReader;
  readonly #flights = new Map<string, Flight>();

  constructor(state: CacheState, options: EntryOptionsReader) {
    this.#state = state;
    this.#options = options;
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
    for (const flight of [...this.#flights.values()]) {
      this.#leave(flight);
      flight.reject(error);
      flight.abort(error);
    }
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
    return this.#begin(key, load, settings, { background: false, captured: undefined, askRedis: true }).wait(
      signal,
    );
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
    if (flight === undefined || !flight.token.current) return undefined;
    return this.#state.tags.holdSince(flight.settings.tags, flight.token.sequence) ? flight : undefined;
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
    refresh: { captured?: Captured | undefined; askRedis?: boolean } = {},
  ): void {
    this.#state.counters.staleHits += 1;
    if (entry.retryAt > this.#state.clock.now() || this.#joinable(key) !== undefined) return;
    this.#begin(key, load, settings, { background: true, captured: undefined, askRedis: true, ...refresh });
  }

  #begin(
    key: string,
    load: Loader<unknown>,
    settings: EntrySettings,
    plan: { background: boolean; captured: Captured | undefined; askRedis: boolean },
  ): Flight {
    const { tokens, tags, redis } = this.#state;
    const token = tokens.begin(key, tags.sequence);
    const flight = new Flight({ key, load, settings, token, ...plan }, this.#abandon);
    this.#flights.set(key, flight);
    if (redis === undefined || !plan.askRedis) this.#load(flight, plan.captured);
    else this.#askRedis(flight).catch((error: unknown) => this.#failed(flight, error));
    return flight;
  }

  /** Nobody waits for it any more. */
  readonly #abandon = (flight: Flight, reason: unknown): void => {
    this.#leave(flight);
    flight.reject(reason);
    flight.abort(reason);
  };

  #leave(flight: Flight): void {
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
    this.#state.tokens.end(flight.token);
  }

  async #askRedis(flight: Flight): Promise<void> {
    const reading = await this.#state.redis?.read(flight.key, flight.settings.tags);
    if (flight.settled) return;
    const answered =
      reading === undefined ? this.#answerAlone(flight) : this.#answerFromRedis(flight, reading);
    if (!answered) this.#load(flight, reading?.captured);
  }

  /** Redis did not answer: what memory still has is better than a load. */
  #answerAlone(flight: Flight): boolean {
    const entry = this.#state.memory.living(flight.key);
    const now = this.#state.clock.now();
    if (entry === undefined || flight.background || entry.staleUntil <= now) return false;
    this.#finish(flight, entry.value);
    if (entry.freshUntil > now) this.#state.counters.memoryHits += 1;
    else this.#answerStale(flight.key, flight.load, flight.settings, entry, { askRedis: false });
    return true;
  }

  #answerFromRedis(flight: Flight, { record, captured }: RedisReading): boolean {
    const { key, token, background } = flight;
    const entry = record === undefined ? undefined : entryFromRecord(this.#state, key, record, token);
    if (entry === undefined) {
      // Gone in Redis means changed by somebody: what memory still has must not come back, not even when loading fails.
      if (token.current) this.#state.memory.delete(key);
      return false;
    }
    // A caller may have joined after the invalidation of a tag that only the value itself names.
    if (!this.#state.tags.holdSince(entry.tags, token.sequence)) return false;
    const now = this.#state.clock.now();
    if (mayStore(this.#state, token, entry.tags)) this.#state.memory.set(key, entry);
    if (entry.freshUntil > now) {
      if (!background) this.#state.counters.redisHits += 1;
      this.#finish(flight, entry.value);
      return true;
    }
    if (background || entry.staleUntil <= now) return false;
    this.#finish(flight, entry.value);
    this.#answerStale(key, flight.load, flight.settings, entry, { captured, askRedis: false });
    return true;
  }

  #load(flight: Flight, captured: Captured | undefined): void {
    const { settings, counters, deadlines, clock } = this.#state;
    counters.loads += 1;
    flight.startedAt = clock.now();
    flight.limit(deadlines, settings.loadTimeoutMs, () => {
      const error = new CacheLoadTimeoutError(settings.name, flight.key, settings.loadTimeoutMs);
      this.#failed(flight, error);
      flight.abort(error);
    });
    let loading: Promise<unknown>;
    try {
      loading = Promise.resolve(flight.load(flight.context));
    } catch (error) {
      this.#failed(flight, error);
      return;
    }
    loading.then(
      (value) => this.#loaded(flight, value, captured),
      (error: unknown) => this.#failed(flight, error),
    );
  }

  #loaded(flight: Flight, loaded: unknown, captured: Captured | undefined): void {
    if (flight.settled) return;
    const { key, settings, token, background } = flight;
    const shaped = toSharedShape(this.#state, key, loaded);
    if (!background) this.#state.counters.misses += 1;
    if (shaped.value !== undefined && settings.ttlMs > 0 && mayStore(this.#state, token, settings.tags)) {
      const { entry, encoded } = newEntry(this.#state, shaped, settings, token.sequence);
      this.#state.memory.set(key, entry);
      this.#state.failures.delete(key);
      if (encoded !== undefined && captured !== undefined)
        void this.#writeBehind(key, entry, encoded, captured);
    }
    this.#finish(flight, shaped.value);
    this.#state.emit('load', { key, durationMs: this.#state.clock.now() - flight.startedAt });
  }

  async #writeBehind(
    key: string,
    entry: MemoryEntry,
    encoded: NonNullable<ReturnType<typeof newEntry>['encoded']>,
    captured: Captured,
  ): Promise<void> {
    const outcome = await this.#state.redis?.store(key, encoded, captured);
    // Another process changed it meanwhile: what Redis has is newer.
    if (outcome === 'refused' && this.#state.memory.holds(key, entry)) this.#state.memory.delete(key);
  }

  #failed(flight: Flight, error: unknown): void {
    if (flight.settled) return;
    const { key, settings, token, background } = flight;
    const { counters, memory, failures, clock } = this.#state;
    counters.loadErrors += 1;
    const now = clock.now();
    const entry = memory.living(key);
    if (entry !== undefined) {
      entry.retryAt = Math.ceil(now + Math.max(REFRESH_RETRY_MS, this.#state.settings.failureTtlMs));
      if (!background) counters.staleHits += 1;
      this.#finish(flight, entry.value);
    } else {
      if (!background) counters.misses += 1;
      if (mayStore(this.#state, token, settings.tags))
        failures.add(key, error, settings.tags, token.sequence);
      this.#leave(flight);
      flight.reject(error);
    }
    this.#state.emit('loadError', { key, error, durationMs: now - flight.startedAt });
  }

  /** The key is free before anybody hears the result, so that a caller who retries at once gets a new load. */
  #finish(flight: Flight, value: unknown): void {
    this.#leave(flight);
    flight.resolve(value);
  }
}
