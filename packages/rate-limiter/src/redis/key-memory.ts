import type { Decision, Usage } from '../decision.js';
import { decisionOf, type Judge, scarcest } from '../judge.js';
import { FULL, KeyTable } from '../key-table.js';
import { Overflow } from '../overflow.js';
import type { Merge } from './wire.js';

/** What is kept of a key beside its two rows of state. */
const DENIED_UNTIL = 0;
const DENIED_COST = 1;
const DENIED_BY = 2;
/** The store's epoch when Redis last knew all that we know; 0 when it does not. */
const EPOCH = 3;
/** 1 when the local row counts: something was decided here since Redis last answered. */
const LOCAL = 4;
const LEASE_LEFT = 5;
const LEASE_UNTIL = 6;
const LEASE_ASKED_UNTIL = 7;
const ASKED_AT = 8;
/** Of the local row, what Redis decided on: taken while other processes may still have to tell it of theirs. */
const SHARED_USE = 9;
const DENIED_AT = 10;
const NOTES = 11;

/** So long a denial is answered from memory at most: another process may have given units back meanwhile. */
const LONGEST_DENIAL_MS = 1_000;

/**
 * What this process remembers of the keys that it asked Redis about: the last known state, which goes on ageing as it does in Redis;
 * a second row that begins as a copy of it when Redis is away, in which each own unit counts as one of every process; denials; leases.
 */
export class KeyMemory {
  readonly table: KeyTable;
  readonly #judge: Judge;
  readonly #instances: number;
  readonly #overflow: Overflow;
  readonly #notes: number;

  constructor(judge: Judge, maxKeys: number, instances: number) {
    this.#judge = judge;
    this.#instances = instances;
    this.#notes = 2 * judge.width;
    const isBlank = (state: Float64Array, at: number, now: number): boolean => this.#isBlank(state, at, now);
    this.table = new KeyTable(this.#notes + NOTES, maxKeys, (at, now) => isBlank(this.table.state, at, now));
    this.#overflow = new Overflow(this.#notes + NOTES, isBlank);
  }

  /** The key's place, made if need be; undefined when the table is full. */
  place(key: string, now: number): number | undefined {
    const found = this.table.find(key);
    if (found !== undefined) return found;
    const at = this.table.claim(key, now);
    if (at === FULL) return undefined;
    this.#overflow.moveInto(key, this.table.state, at, now);
    return at;
  }

  /**
   * Takes over what Redis answered, unless something was decided here that it has not been told.
   * @param epoch the one in which Redis was asked
   * @param settling whether the local row goes on to hold this process's share
   */
  learn(at: number, now: number, usage: readonly Usage[], epoch: number, settling: boolean): void {
    const { state } = this.table;
    if (this.#read(at, LOCAL) === 1 && !this.isSynced(at, epoch)) return;
    state.fill(0, at, at + this.#judge.width);
    let offset = at;
    this.#judge.rules.forEach((rule, index) => {
      const { used, resetMs } = usage[index] as Usage;
      if (used > 0) rule.place(state, offset, now, used, resetMs);
      offset += rule.width;
    });
    if (!settling) this.#note(at, LOCAL, 0);
    this.#note(at, EPOCH, epoch);
    this.#note(at, DENIED_UNTIL, 0);
  }

  rememberDenial(at: number, now: number, cost: number, waitMs: number, binding: number): void {
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.#note(at, DENIED_UNTIL, now + waitMs);
    this.#note(at, DENIED_AT, now);
    this.#note(at, DENIED_COST, cost);
    this.#note(at, DENIED_BY, binding);
  }

  forgetDenial(at: number): void {
    this.#note(at, DENIED_UNTIL, 0);
  }

  /** A denial that still holds for this cost. */
  denial(at: number, now: number, cost: number): Decision | undefined {
    const left = this.#read(at, DENIED_UNTIL) - now;
    const denied = this.#read(at, DENIED_COST);
    if (left <= 0 || cost < denied || now - this.#read(at, DENIED_AT) > LONGEST_DENIAL_MS) return undefined;
    const { state } = this.table;
    const wait = cost > denied ? Math.max(left, this.#judge.waitMs(state, at, now, cost)) : left;
    const policies = this.#judge.policies(state, at, now, 1);
    return decisionOf(policies, this.#read(at, DENIED_BY), false, wait, false);
  }

  /**
   * Whether a lease is to be asked for: the key is asked for often (a lease would only be stranded otherwise), and no other request
   * for one is on its way.
   */
  wantsLease(at: number, now: number, leaseMs: number, timeoutMs: number): boolean {
    const askedAt = this.#read(at, ASKED_AT);
    this.#note(at, ASKED_AT, now);
    if (now - askedAt > leaseMs || this.#read(at, LEASE_ASKED_UNTIL) > now) return false;
    this.#note(at, LEASE_ASKED_UNTIL, now + timeoutMs);
    return true;
  }

  addLease(at: number, now: number, units: number, leaseMs: number): void {
    this.#note(at, LEASE_ASKED_UNTIL, 0);
    if (units === 0) return;
    const left = this.#read(at, LEASE_UNTIL) > now ? this.#read(at, LEASE_LEFT) : 0;
    this.#note(at, LEASE_LEFT, left + units);
    this.#note(at, LEASE_UNTIL, now + leaseMs);
  }

  /** Uses the lease, if it has so much. */
  fromLease(at: number, now: number, cost: number): Decision | undefined {
    const left = this.#read(at, LEASE_LEFT) - cost;
    if (cost <= 0 || left < 0 || this.#read(at, LEASE_UNTIL) <= now) return undefined;
    this.#note(at, LEASE_LEFT, left);
    const policies = this.#judge.policies(this.table.state, at, now, 1);
    const decision = decisionOf(policies, scarcest(policies), true, 0, false);
    return { ...decision, remaining: decision.remaining + Math.floor(left) };
  }

  /** Decides here, with this process's share. */
  decideLocally(key: string, now: number, cost: number): Decision {
    const [state, at] = this.#localRow(key, now);
    return this.#judge.decideWeighted(state, at, now, cost, this.#instances, true);
  }

  /** Takes of this process's share what Redis is to decide on too. */
  takeShare(key: string, now: number, cost: number): Decision {
    const place = this.place(key, now);
    if (place === undefined) return this.decideLocally(key, now, cost);
    const { state } = this.table;
    const local = this.#beginLocal(place);
    const decision = this.#judge.decideWeighted(state, local, now, cost, this.#instances, true);
    if (decision.allowed) this.#note(place, SHARED_USE, this.#read(place, SHARED_USE) + cost);
    return decision;
  }

  localUsage(key: string, now: number): number[] {
    const [state, at] = this.#localRow(key, now);
    return this.#judge.used(state, at, now);
  }

  correctLocally(
    key: string,
    now: number,
    difference: number,
    takenAt: number,
    usedThen: readonly number[],
  ): void {
    const [state, at] = this.#localRow(key, now);
    this.#judge.correct(state, at, now, difference * this.#instances, takenAt, usedThen);
  }

  /** A decision that no limit had a part in. */
  undecided(key: string, now: number, allowed: boolean, retryAfterMs: number): Decision {
    const [state, at] = this.#localRow(key, now);
    const policies = this.#judge.policies(state, at, now, this.#instances);
    const decision = decisionOf(policies, scarcest(policies), allowed, retryAfterMs, true);
    return allowed ? decision : { ...decision, reason: 'store' };
  }

  isSynced(at: number, epoch: number): boolean {
    return this.#read(at, EPOCH) === epoch;
  }

  setEpoch(at: number, epoch: number): void {
    this.#note(at, EPOCH, epoch);
  }

  /** What Redis should be told of the key; undefined when there is nothing. */
  merges(at: number, now: number): Merge[] | undefined {
    const { state } = this.table;
    const local = this.#read(at, LOCAL) === 1;
    const shared = local ? this.#read(at, SHARED_USE) : 0;
    const known = this.#judge.used(state, at, now);
    let offset = local ? at + this.#judge.width : at;
    const merges = this.#judge.rules.map((rule, index) => {
      const floor = known[index] ?? 0;
      const own = Math.max(0, rule.used(state, offset, now) - floor) / this.#instances;
      const debt = Math.max(0, own - shared);
      const resetMs = rule.resetMs(state, offset, now);
      offset += rule.width;
      return { floor, debt, resetMs };
    });
    return merges.some(({ floor, debt }) => floor + debt > 0) ? merges : undefined;
  }

  #localRow(key: string, now: number): [Float64Array, number] {
    const place = this.place(key, now);
    if (place === undefined) {
      const { state } = this.#overflow;
      const at = this.#overflow.place(key);
      state[at + this.#notes + LOCAL] = 1;
      return [state, at + this.#judge.width];
    }
    this.setEpoch(place, 0);
    return [this.table.state, this.#beginLocal(place)];
  }

  #beginLocal(place: number): number {
    const local = place + this.#judge.width;
    if (this.#read(place, LOCAL) === 0) {
      this.table.state.copyWithin(local, place, local);
      this.#note(place, LOCAL, 1);
      this.#note(place, SHARED_USE, 0);
    }
    return local;
  }

  #read(at: number, note: number): number {
    return this.table.state[at + this.#notes + note] as number;
  }

  #note(at: number, note: number, value: number): void {
    this.table.state[at + this.#notes + note] = value;
  }

  #isBlank(state: Float64Array, at: number, now: number): boolean {
    const notes = at + this.#notes;
    const stillDenied = (state[notes + DENIED_UNTIL] as number) > now;
    const leased = (state[notes + LEASE_LEFT] as number) > 0 && (state[notes + LEASE_UNTIL] as number) > now;
    if (stillDenied || leased || !this.#judge.isBlank(state, at, now)) return false;
    return state[notes + LOCAL] === 0 || this.#judge.isBlank(state, at + this.#judge.width, now);
  }
}
