import type { Clock, Events } from '@mainstay/core';
import { announce } from './announce.js';
import { CallCounts } from './call-counts.js';
import { followed, rejected, resolved } from './call-end.js';
import type { CallWindow } from './call-window.js';
import { CountWindow } from './count-window.js';
import { Outage } from './outage.js';
import type { Probes } from './probes.js';
import type { Ramp } from './ramp.js';
import type { CircuitSnapshot } from './serialized-state.js';
import type { Settings } from './settings.js';
import { TimeWindow } from './time-window.js';
import { brokenRule } from './trip-rules.js';
import type { CircuitBreakerEvents, CircuitState, Outcome, StateChangeReason } from './types.js';
import { NO_TICKET, type Seats, WaitingLine } from './waiting-line.js';

/**
 * The state machine (after sony/gobreaker, with a ticket where it has a generation). A call asks `before` for a ticket and
 * hands it in with its outcome `after`wards. While the circuit is closed or ramping all calls share one ticket, each probe
 * has its own, and every change of state makes a new one: what comes back with an old ticket is late and changes nothing.
 * Nothing happens by itself: the time is looked at when a call comes or ends, and the closed circuit looks once a call. The
 * coarse time will do: a turn of the event loop more or less makes no difference to seconds. Only slow calls are timed exactly.
 */
export class Circuit extends CallCounts implements Seats {
  readonly name: string;
  readonly settings: Settings;
  readonly window: CallWindow;
  events: Events<CircuitBreakerEvents> | undefined;
  state: CircuitState = 'closed';
  #ticket = NO_TICKET + 1;
  #consecutiveFailures = 0;
  #outage: Outage | undefined;
  #line: WaitingLine | undefined;
  #onResult: ((result: unknown) => unknown) | undefined;
  #onError: ((error: unknown) => never) | undefined;

  constructor(name: string, settings: Settings, events?: Events<CircuitBreakerEvents>) {
    const { window, timesCalls, clock } = settings;
    super();
    this.name = name;
    this.settings = settings;
    this.events = events;
    this.window =
      'calls' in window
        ? new CountWindow(window.calls)
        : new TimeWindow(window.ms, window.buckets, timesCalls, clock);
  }

  get clock(): Clock {
    return this.settings.clock;
  }

  get waiting(): number {
    return this.#line?.size ?? 0;
  }

  /** @returns the call's ticket, or {@link NO_TICKET} */
  before(): number {
    if (this.state === 'closed') return this.#ticket;
    const now = this.clock.coarseNow();
    if (this.#timeHasCome(now)) return this.before();
    if (this.#outage?.asked(now) === false) return NO_TICKET;
    return this.seat(now);
  }

  /** As `before`, for those who have waited: the ramp does not turn them away, since the line lets them in by its own steps. */
  seat(now: number): number {
    if (this.state === 'closed' || this.#outage?.ramp !== undefined) return this.#ticket;
    return this.#outage?.probes?.admit(this.#ticket + 1, now) ? ++this.#ticket : NO_TICKET;
  }

  /** Counts what the running call comes to, and passes it on. */
  follow<Result>(running: Promise<Result>, ticket: number, startedAt: number): Promise<Result> {
    if (this.state !== 'closed' || ticket !== this.#ticket || this.settings.timesCalls)
      return followed(this, running, ticket, startedAt);
    if (this.#onResult === undefined) this.#shareEnds(ticket);
    return running.then(this.#onResult, this.#onError) as Promise<Result>;
  }

  /** Untimed calls of a closed circuit all end alike until its state changes: one pair of functions serves them. */
  #shareEnds(ticket: number): void {
    this.#onResult = (result) => {
      resolved(this, ticket, 0, result);
      return result;
    };
    this.#onError = (error) => {
      rejected(this, ticket, 0, error);
      throw error;
    };
  }

  /** Where a caller whom the probes keep out may wait, if that is asked for and the line is not too long. */
  lineForProbes(): WaitingLine | undefined {
    const { waiting } = this.settings;
    if (waiting === undefined || this.#outage?.probes === undefined) return undefined;
    this.#line ??= new WaitingLine(waiting, this);
    return this.#line.full ? undefined : this.#line;
  }

  /** When a call begins. Exact, and read only where slow calls are looked for. */
  startTime(): number {
    return this.settings.timesCalls ? this.clock.now() : 0;
  }

  /** @param error for the listeners of `failure` */
  after(ticket: number, outcome: Outcome, startedAt: number, error: unknown): void {
    const { timesCalls, limits, clock } = this.settings;
    // One reading serves all: the exact one where a duration is to be known.
    const now = timesCalls ? clock.now() : clock.coarseNow();
    const slow = timesCalls && outcome !== 'ignored' && now - startedAt >= limits.slowCallMs;
    const late = !this.#accept(ticket, outcome, slow, now);
    if (late) this.late++;
    else if (this.#line !== undefined) this.#line.letIn(outcome === 'success' && !slow ? 2 : 1);
    if (this.events !== undefined) announce(this.events, this.name, outcome, late, error);
  }

  isolate(): void {
    if (this.state !== 'isolated') this.#change('isolated', 'isolated');
    else if (this.#outage !== undefined) this.#outage.isolations++;
  }

  release(): void {
    if (this.state === 'isolated' && this.#outage !== undefined && --this.#outage.isolations === 0)
      this.#close('released');
  }

  reset(): void {
    this.#close('reset');
    this.#line?.letIn(2);
  }

  /** For whom `before` has just turned away: a rejection costs one reading of the clock, not two. */
  get retryAfterRejectionMs(): number {
    return this.retryAfterMs(this.#outage?.askedAt ?? 0);
  }

  /** 0 where a caller would be admitted. */
  retryAfterMs(now: number): number {
    return this.#outage?.retryAfterMs(this.state, this.settings.openTime.openMs, now) ?? 0;
  }

  placeFreeInMs(now: number): number {
    return this.#outage?.probes?.freeInMs(now) ?? Infinity;
  }

  openForMs(now: number): number {
    return this.#outage === undefined ? 0 : Math.max(0, now - this.#outage.startedAt);
  }

  snapshot(now: number): CircuitSnapshot {
    return {
      state: this.state,
      remainingOpenMs: this.state === 'open' ? this.retryAfterMs(now) : 0,
      openForMs: this.openForMs(now),
      trips: this.#outage?.trips ?? 0,
      consecutiveFailures: this.#consecutiveFailures,
      isolations: this.#outage?.isolations ?? 0,
    };
  }

  restore(snapshot: CircuitSnapshot): void {
    this.#consecutiveFailures = snapshot.consecutiveFailures;
    if (snapshot.state === 'closed') return;
    const now = this.clock.coarseNow();
    // Nobody holds the leases of another process's probes: half-open comes back as open with its time over.
    this.state = snapshot.state === 'half-open' ? 'open' : snapshot.state;
    const { trips, isolations } = snapshot;
    const opensUntil = now + snapshot.remainingOpenMs;
    this.#outage = Object.assign(new Outage(now - snapshot.openForMs), { opensUntil, trips, isolations });
  }

  /** What time alone brings about. @returns true when the state has changed */
  #timeHasCome(now: number): boolean {
    const outage = this.#outage;
    if (this.state === 'open' && outage !== undefined && now >= outage.opensUntil)
      this.#change('half-open', 'open-time-over');
    else if (outage?.ramp?.finished(now)) this.#close('ramp-finished');
    else return false;
    return true;
  }

  /** @returns false for a result that comes late */
  #accept(ticket: number, outcome: Outcome, slow: boolean, now: number): boolean {
    const outage = this.#outage;
    if (ticket === this.#ticket && this.state === 'closed') this.#afterClosed(outcome, slow, now);
    else if (ticket === this.#ticket && outage?.ramp !== undefined)
      this.#afterRamp(outage.ramp, outcome, slow);
    else if (outage?.probes?.giveBack(ticket)) this.#afterProbe(outage, outage.probes, outcome, slow, now);
    else return false;
    return true;
  }

  #afterClosed(outcome: Outcome, slow: boolean, now: number): void {
    if (!this.count(outcome, slow)) return;
    const failed = outcome === 'failure';
    this.window.record(now, failed, slow);
    this.#consecutiveFailures = failed ? this.#consecutiveFailures + 1 : 0;
    if (!failed && !slow) return;
    const reason = brokenRule(this.settings.limits, this.window, this.#consecutiveFailures, now);
    if (reason !== undefined) this.#open(reason);
  }

  #afterProbe(outage: Outage, probes: Probes, outcome: Outcome, slow: boolean, now: number): void {
    if (!this.count(outcome, slow)) return;
    probes.count(outcome === 'success' && !slow);
    if (probes.failed) this.#open('probes-failed');
    else if (!probes.recovered) return;
    else if (this.settings.ramp === undefined) this.#close('probes-succeeded');
    else {
      outage.startRamp(this.settings, now);
      this.#ticket++;
    }
  }

  #afterRamp(ramp: Ramp, outcome: Outcome, slow: boolean): void {
    if (!this.count(outcome, slow)) return;
    ramp.count(outcome === 'success' && !slow);
    if (ramp.failed) this.#open('ramp-failed');
  }

  #open(reason: StateChangeReason): void {
    this.opened++;
    this.#change('open', reason);
  }

  #close(reason: StateChangeReason): void {
    this.#consecutiveFailures = 0;
    this.window.reset();
    this.#change('closed', reason);
  }

  /** The one place where the state changes, and where everything that belonged to the old one ends. */
  #change(to: CircuitState, reason: StateChangeReason): void {
    const from = this.state;
    this.#ticket++;
    this.#onResult = undefined;
    this.#onError = undefined;
    if (to === 'closed') this.#outage = undefined;
    else {
      const now = this.clock.coarseNow();
      this.#outage ??= new Outage(now);
      this.#outage.enter(to, this.settings, now);
    }
    if (from === to) return;
    this.state = to;
    this.stateChanges++;
    if (to === 'open' || to === 'isolated') this.#line?.dissolve();
    if (this.events?.has('stateChange'))
      this.events.emit('stateChange', { name: this.name, from, to, reason });
  }
}
