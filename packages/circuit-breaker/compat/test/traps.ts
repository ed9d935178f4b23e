import * as scenarios from './scenarios.js';
import type { PeerName } from './subject.js';

/** A scenario, what should come of it, and what comes of it elsewhere, as it was measured. */
export interface Trap {
  readonly number: string;
  readonly title: string;
  readonly run: scenarios.Run;
  readonly right: unknown;
  /** Who is left out has nothing to compare. */
  readonly others: Partial<Record<Exclude<PeerName, 'mainstay'>, unknown>>;
}

export const traps: readonly Trap[] = [
  {
    number: 'T1',
    title: 'a call that began before the trip succeeds before any probe was sent',
    run: scenarios.lateSuccess,
    right: 'still to be probed',
    others: {
      'opossum 9': 'closed without a probe',
      'cockatiel 3': 'still to be probed',
      'cockatiel 4': 'still to be probed',
    },
  },
  {
    number: 'T1b',
    title: 'a call that began before the trip fails while a probe runs, which then succeeds',
    run: scenarios.lateFailure,
    right: 'closed',
    others: { 'opossum 9': 'open', 'cockatiel 3': 'open', 'cockatiel 4': 'open' },
  },
  {
    number: 'T1c',
    title: 'two calls that began before the trip fail after the recovery',
    run: scenarios.failuresOfAnOlderTime,
    right: 'closed',
    others: { 'opossum 9': 'open', 'cockatiel 3': 'open', 'cockatiel 4': 'open' },
  },
  {
    number: 'T2',
    title: 'a probe never settles, and another caller comes long after it and is gone in the end',
    run: scenarios.hungProbe,
    right: 'served',
    others: { 'opossum 9': 'turned away', 'cockatiel 3': 'no answer', 'cockatiel 4': 'no answer' },
  },
  {
    number: 'T2c',
    title: 'a thousand callers come while a probe runs, which succeeds',
    run: scenarios.releasedAtOnce,
    right: 0,
    others: { 'opossum 9': 0, 'cockatiel 3': 1_000, 'cockatiel 4': 1_000 },
  },
  {
    number: 'T2c, asked to wait',
    title: 'a thousand callers come while a probe runs, which succeeds',
    run: scenarios.releasedFromALine,
    right: 2,
    others: { 'cockatiel 3': 1_000, 'cockatiel 4': 1_000 },
  },
  {
    number: 'T2c, the ramp',
    title: 'a thousand callers come after the probe has succeeded',
    run: scenarios.admittedAfterTheProbe,
    right: 100,
    others: { 'opossum 9': 1_000, 'cockatiel 3': 1_000, 'cockatiel 4': 1_000 },
  },
  {
    number: 'T3',
    title: 'four failures, an hour of silence, one more: five are needed within a second',
    run: scenarios.failuresOfAnHourAgo,
    right: 'closed',
    others: { 'opossum 9': 'closed', 'cockatiel 3': 'open', 'cockatiel 4': 'open' },
  },
  {
    number: 'T4',
    title: 'the wall clock is set back by an hour while the circuit is open',
    run: scenarios.wallClockSetBack,
    right: 'served',
    others: { 'opossum 9': 'served', 'cockatiel 3': 'turned away', 'cockatiel 4': 'turned away' },
  },
  {
    number: 'T5',
    title: 'the function is not asynchronous and returns undefined',
    run: scenarios.noPromise,
    right: { answers: ['served', 'served', 'served'], state: 'closed' },
    others: {
      'opossum 9': { answers: ['turned away', 'turned away', 'turned away'], state: 'open' },
      'cockatiel 3': { answers: ['served', 'served', 'served'], state: 'closed' },
      'cockatiel 4': { answers: ['served', 'served', 'served'], state: 'closed' },
    },
  },
  {
    number: 'T6',
    title: 'two breakers are made of one options object',
    run: scenarios.oneOptionsObject,
    right: { second: 'the answer of B', optionsAreUntouched: true },
    others: {
      'opossum 9': { second: 'the answer of A', optionsAreUntouched: false },
      'cockatiel 3': { second: 'the answer of B', optionsAreUntouched: true },
      'cockatiel 4': { second: 'the answer of B', optionsAreUntouched: true },
    },
  },
  {
    number: 'T7',
    title: 'a listener of successes throws',
    run: scenarios.listenerThrows,
    right: { answers: ['served', 'served'], state: 'closed' },
    others: {
      'opossum 9': { answers: ['turned away', 'turned away'], state: 'open' },
      'cockatiel 3': { answers: ['turned away', 'turned away'], state: 'open' },
      'cockatiel 4': { answers: ['turned away', 'turned away'], state: 'open' },
    },
  },
  {
    number: 'T13',
    title: 'three callers go away before there is an answer',
    run: scenarios.callersLeave,
    right: 'closed',
    others: { 'opossum 9': 'open', 'cockatiel 3': 'open', 'cockatiel 4': 'open' },
  },
  {
    number: 'T14',
    title: 'a breaker that has just opened is saved and restored',
    run: scenarios.restoredAfterATrip,
    right: 'turned away',
    others: { 'opossum 9': 'served', 'cockatiel 3': 'turned away', 'cockatiel 4': 'turned away' },
  },
  {
    number: 'T15',
    title: 'the first call ever fails, with the default options',
    run: scenarios.firstCallFails,
    right: 'closed',
    others: { 'opossum 9': 'open' },
  },
  {
    number: 'T16',
    title: 'ten of ten completed calls have failed while twenty are under way',
    run: scenarios.manyUnderWay,
    right: 'open',
    others: { 'opossum 9': 'closed', 'cockatiel 3': 'open', 'cockatiel 4': 'open' },
  },
  {
    number: 'T18',
    title: 'the function returns a promise of another library',
    run: scenarios.foreignThenable,
    right: 'answer',
    others: { 'opossum 9': 'answer', 'cockatiel 3': 'answer', 'cockatiel 4': 'answer' },
  },
];
