import type { Events } from '@mainstay/core';
import { announce } from './announce.js';
import type { CallWindow } from './call-window.js';
import { CountWindow } from './count-window.js';
import { openTimeAfter } from './open-time.js';
import { Probes } from './probes.js';
import { Ramp } from './ramp.js';
import type { Settings } from './settings.js';
import { TimeWindow } from './time-window.js';
import { brokenRule, tolerableFailureRate } from './trip-rules.js';
import type { CircuitBreakerEvents, CircuitState, Outcome, StateChangeReason } from './types.js';

/** What `before` gives to a call that is turned away. */
export const NO_TICKET = 0;

/** What outlives a process; times are milliseconds from the moment of the snapshot. */
export interface CircuitSnapshot {
  readonly state: CircuitState;
  readonly remainingOpenMs: number;
  readonly openForMs: number;
  readonly trips: number;
  readonly consecutiveFailures: number;
  readonly isolations: number;
}

/**
 * The state machine (after sony/gobreaker, with a ticket where it has a generation). A call asks `before` for a ticket and
 * hands it in with its outcome `after`wards. While the circuit is closed or ramping all calls share one ticket, each probe
 * has its own, and every change of state makes a new one: what comes back with an old ticket is late and changes nothing.
 * Nothing happens by itself: the time is looked at when a call comes or ends, and the closed circuit looks once a call. The
 * coarse time will do: a turn of the event loop more or less makes no difference to seconds. Only slow calls are timed exactly.
 */
export class Circuit {
  readonly name: string;
  readonly settings: Settings;
  readonly window: CallWindow;
  events: Events<CircuitBreakerEvents> | undefined;
  state: CircuitState = 'closed';
  succeeded = 0;
  failed = 0;
  ignored = 0;
  rejected = 0;
  slow = 0;
  late = 0;
  opened = 0;
  stateChanges = 0;
  readonly #timesCalls: boolean;
  #ticket = NO_TICKET + 1;
  #consecutiveFailures = 0;
  /** How many times the circuit has opened since it was last closed. */
  #trips = 0;
  #isolations = 0;
  #leftClosedAt = 0;
  #opensUntil = 0;
  #probes: Probes | undefined;
  #ramp: Ramp | undefined;

  constructor(name: string, settings: Settings) {
    const { window, limits, clock } = settings;
    this.name = name;
    this.settings = settings;
    this.#timesCalls = limits.slowCallMs !== Infinity;
    this.window =
      'calls' in window
        ? new CountWindow(window.calls)
        : new TimeWindow(window.ms, window.buckets, this.#timesCalls, clock);
  }

  /** @returns the call's ticket, or {@link NO_TICKET} */
  before(): number {
    if (this.state === 'closed') return this.#ticket;
    const now = this.settings.clock.coarseNow();
    if (this.#timeHasCome(now)) return this.before();
    const ticket = this.#admit(now);
    if (ticket === NO_TICKET) this.rejected++;
    return ticket;
  }

  /** When a call begins. Exact, and read only where slow calls are looked for. */
  startTime(): number {
    return this.#timesCalls ? this.settings.clock.now() : 0;
  }

  /** @param error for the listeners of `failure` */
  after(ticket: number, outcome: Outcome, startedAt: number, error: unknown): void {
    const slow = outcome !== 'ignored' && this.#isSlow(startedAt);
    let late = false;
    if (ticket === this.#ticket && this.state === 'closed') this.#afterClosed(outcome, slow);
    else if (ticket === this.#ticket && this.#ramp !== undefined) this.#afterRamp(this.#ramp, outcome, slow);
    else if (this.#probes?.giveBack(ticket)) this.#afterProbe(this.#probes, outcome, slow);
    else {
      late = true;
      this.late++;
    }
    if (this.events !== undefined) announce(this.events, this.name, outcome, late, error);
  }

  isolate(): void {
    if (++this.#isolations === 1) this.#change('isolated', 'isolated');
  }

  release(): void {
    if (this.#isolations > 0 && --this.#isolations === 0) this.#close('released');
  }

  reset(): void {
    this.#isolations = 0;
    this.#close('reset');
  }

  /** How long a caller who is turned away now had better wait; 0 where it would be admitted. */
  retryAfterMs(now: number): number {
    const { openTime } = this.settings;
    if (this.state === 'open') return Math.max(0, this.#opensUntil - now);
    if (this.state === 'isolated') return openTime.openMs;
    // How long probes take is not known: their leases are the bound, the open time a fair guess below it.
    if (this.#ramp !== undefined) return Math.min(openTime.openMs, this.#ramp.stepEndsInMs(now));
    return Math.min(openTime.openMs, this.#probes?.freeInMs(now) ?? 0);
  }

  openForMs(now: number): number {
    return this.state === 'closed' ? 0 : Math.max(0, now - this.#leftClosedAt);
  }

  snapshot(now: number): CircuitSnapshot {
    return {
      state: this.state,
      remainingOpenMs: this.state === 'open' ? this.retryAfterMs(now) : 0,
      openForMs: this.openForMs(now),
      trips: this.#trips,
      consecutiveFailures: this.#consecutiveFailures,
      isolations: this.#isolations,
    };
  }

  restore(snapshot: CircuitSnapshot): void {
    const now = this.settings.clock.coarseNow();
    // Nobody holds the leases of another process's probes: half-open comes back as open with its time over.
    this.state = snapshot.state === 'half-open' ? 'open' : snapshot.state;
    this.#opensUntil = now + snapshot.remainingOpenMs;
    this.#leftClosedAt = now - snapshot.openForMs;
    this.#trips = snapshot.trips;
    this.#consecutiveFailures = snapshot.consecutiveFailures;
    this.#isolations = snapshot.isolations;
  }

  /** What time alone brings about. @returns true when the state has changed */
  #timeHasCome(now: number): boolean {
    if (this.state === 'open' && now >= this.#opensUntil) this.#halfOpen();
    else if (this.#ramp?.finished(now)) this.#close('ramp-finished');
    else return false;
    return true;
  }

  #admit(now: number): number {
    if (this.#ramp !== undefined) return this.#ramp.admit(now) ? this.#ticket : NO_TICKET;
    if (this.#probes?.admit(this.#ticket + 1, now)) return ++this.#ticket;
    return NO_TICKET;
  }

  #isSlow(startedAt: number): boolean {
    if (!this.#timesCalls) return false;
    const { limits, clock } = this.settings;
    return clock.now() - startedAt >= limits.slowCallMs;
  }

  #afterClosed(outcome: Outcome, slow: boolean): void {
    if (!this.#count(outcome, slow)) return;
    const now = this.settings.clock.coarseNow();
    const failed = outcome === 'failure';
    this.window.record(now, failed, slow);
    this.#consecutiveFailures = failed ? this.#consecutiveFailures + 1 : 0;
    if (!failed && !slow) return;
    const reason = brokenRule(this.settings.limits, this.window, this.#consecutiveFailures, now);
    if (reason !== undefined) this.#open(reason);
  }

  #afterProbe(probes: Probes, outcome: Outcome, slow: boolean): void {
    if (!this.#count(outcome, slow)) return;
    probes.count(outcome === 'success' && !slow);
    if (probes.failed) this.#open('probes-failed');
    else if (probes.recovered && this.settings.ramp === undefined) this.#close('probes-succeeded');
    else if (probes.recovered) this.#startRamp();
  }

  #afterRamp(ramp: Ramp, outcome: Outcome, slow: boolean): void {
    if (!this.#count(outcome, slow)) return;
    ramp.count(outcome === 'success' && !slow);
    if (ramp.failed) this.#open('ramp-failed');
  }

  /** @returns whether the outcome says anything about the dependency */
  #count(outcome: Outcome, slow: boolean): boolean {
    if (outcome === 'ignored') this.ignored++;
    else if (outcome === 'success') this.succeeded++;
    else this.failed++;
    if (slow) this.slow++;
    return outcome !== 'ignored';
  }

  #open(reason: StateChangeReason): void {
    this.opened++;
    this.#trips++;
    this.#opensUntil = this.settings.clock.coarseNow() + openTimeAfter(this.#trips, this.settings.openTime);
    this.#change('open', reason);
  }

  #halfOpen(): void {
    this.#change('half-open', 'open-time-over');
  }

  #startRamp(): void {
    const { ramp, limits, clock } = this.settings;
    if (ramp === undefined) return;
    this.#probes = undefined;
    this.#ramp = new Ramp(ramp, tolerableFailureRate(limits), clock.coarseNow());
    this.#ticket++;
  }

  #close(reason: StateChangeReason): void {
    this.#trips = 0;
    this.#consecutiveFailures = 0;
    this.window.reset();
    this.#change('closed', reason);
  }

  /** The one place where the state changes, and where everything that belonged to the old one ends. */
  #change(to: CircuitState, reason: StateChangeReason): void {
    const { clock, probeLimits } = this.settings;
    const from = this.state;
    this.#ticket++;
    this.#ramp = undefined;
    this.#probes = to === 'half-open' ? new Probes(probeLimits) : undefined;
    if (from === to) return;
    if (from === 'closed') this.#leftClosedAt = clock.coarseNow();
    this.state = to;
    this.stateChanges++;
    if (this.events?.has('stateChange'))
      this.events.emit('stateChange', { name: this.name, from, to, reason });
  }
}
