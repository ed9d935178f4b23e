import { mayStore, newEntry, toSharedShape, ttlOf } from './entries.js';
import { CacheLoadTimeoutError } from './errors.js';
import type { Flight } from './flight.js';
import type { LeaseHold } from './lease-hold.js';
import type { MemoryEntry } from './memory-entry.js';
import type { EncodedValue } from './record.js';
import type { Captured } from './redis-level.js';
import type { CacheState } from './state.js';

/** After a refresh that failed, a stale value is answered this long before the source is tried again. */
const REFRESH_RETRY_MS = 1_000;

/** Calls the loader and sees its result home: to the callers, to memory and, behind them, to Redis. */
export class Landing {
  readonly #state: CacheState;
  readonly #leases: LeaseHold;
  readonly #leave: (flight: Flight) => void;

  constructor(state: CacheState, leases: LeaseHold, leave: (flight: Flight) => void) {
    this.#state = state;
    this.#leases = leases;
    this.#leave = leave;
  }

  load(flight: Flight, captured: Captured | undefined): void {
    const { counters, clock } = this.#state;
    counters.loads += 1;
    flight.startedAt = clock.now();
    this.#limit(flight);
    let loading: Promise<unknown>;
    try {
      loading = Promise.resolve(flight.load(flight.context));
    } catch (error) {
      this.failed(flight, error);
      return;
    }
    loading
      .then(
        (value) => this.#loaded(flight, value, captured),
        (error: unknown) => this.failed(flight, error),
      )
      .catch((error: unknown) => this.failed(flight, error));
  }

  /** The key is free before anybody hears the result, so that a caller who retries at once gets a new load. */
  finish(flight: Flight, value: unknown): void {
    this.#leave(flight);
    flight.resolve(value);
  }

  failed(flight: Flight, error: unknown): void {
    if (flight.settled) return;
    const { key, settings, token, background } = flight;
    const { counters, memory, failures, clock } = this.#state;
    counters.loadErrors += 1;
    const now = clock.now();
    const entry = memory.living(key);
    if (entry !== undefined) {
      const pauseMs = Math.max(REFRESH_RETRY_MS, failures.nextTtlMs(key));
      failures.add(key, error, settings.tags, token.sequence);
      entry.postpone(Math.ceil(now + pauseMs));
      if (!background) counters.memoryStaleHits += 1;
      this.finish(flight, entry.value);
    } else {
      if (!background) counters.misses += 1;
      if (mayStore(this.#state, token, settings.tags))
        failures.add(key, error, settings.tags, token.sequence);
      this.#leave(flight);
      flight.reject(error);
    }
    this.#leases.release(flight);
    this.#state.emit('loadError', { key, error, durationMs: now - flight.startedAt });
  }

  #limit(flight: Flight): void {
    const { settings, deadlines } = this.#state;
    const { softTimeoutMs } = flight.settings;
    flight.limit(deadlines, settings.loadTimeoutMs, () => {
      const error = new CacheLoadTimeoutError(settings.name, flight.key, settings.loadTimeoutMs);
      this.failed(flight, error);
      flight.abort(error);
    });
    if (softTimeoutMs !== undefined && softTimeoutMs < settings.loadTimeoutMs && !flight.background)
      flight.limit(deadlines, softTimeoutMs, () => this.#answerEarly(flight));
  }

  /** The load takes long: the stale value now is better than the new one later. */
  #answerEarly(flight: Flight): void {
    const entry = this.#state.memory.living(flight.key);
    if (entry === undefined || flight.settled || !flight.token.current) return;
    this.#state.counters.memoryStaleHits += 1;
    flight.answerEarly(entry.value);
  }

  #loaded(flight: Flight, loaded: unknown, captured: Captured | undefined): void {
    if (flight.settled) return;
    const { key, token, background } = flight;
    const settings =
      flight.lifetimes === undefined ? flight.settings : { ...flight.settings, ...flight.lifetimes };
    const shaped = toSharedShape(this.#state, key, loaded);
    const durationMs = this.#state.clock.now() - flight.startedAt;
    this.#state.latency?.load.record(Math.max(0, durationMs));
    if (!background) this.#state.counters.misses += 1;
    const kept = shaped.value !== undefined && ttlOf(settings, shaped.value) > 0;
    if (kept && mayStore(this.#state, token, settings.tags)) {
      const { entry, encoded } = newEntry(this.#state, shaped, settings, token.sequence);
      this.#state.memory.set(key, entry);
      this.#state.failures.delete(key);
      if (encoded !== undefined && captured !== undefined)
        void this.#writeBehind(flight, entry, encoded, captured);
    }
    this.finish(flight, shaped.value);
    // Unless it is on its way to Redis with the value.
    this.#leases.release(flight);
    this.#state.emit('load', { key, durationMs });
  }

  async #writeBehind(
    flight: Flight,
    entry: MemoryEntry,
    encoded: EncodedValue,
    captured: Captured,
  ): Promise<void> {
    const { key, lease } = flight;
    flight.lease = undefined;
    const outcome = await this.#state.redis?.store(key, encoded, captured, lease);
    // Another process changed it meanwhile: what Redis has is newer.
    if (outcome === 'refused' && this.#state.memory.holds(key, entry)) this.#state.memory.delete(key);
  }
}
