import type { PeerName } from './peers.js';
import * as scenarios from './scenarios.js';

/** A scenario, what should come of it, and what comes of it elsewhere, as it was measured. */
export interface Trap {
  readonly number: string;
  readonly title: string;
  readonly run: (guards: scenarios.Guards) => Promise<unknown>;
  readonly right: unknown;
  /** Who is left out has nothing to compare. */
  readonly others: Partial<Record<Exclude<PeerName, 'mainstay'>, unknown>>;
}

const lost = { knowsTheCause: false };
const known = { knowsTheCause: true };

export const traps: readonly Trap[] = [
  {
    number: 'T8',
    title: 'ten calls, one at a time, of work that takes twenty times as long as its timeout: copies at once',
    run: scenarios.copiesAtOnce,
    right: 1,
    others: {
      'opossum 9': 10,
      'cockatiel 3': 10,
      'cockatiel 3, the bulkhead inside': 1,
      'cockatiel 4': 10,
      'cockatiel 4, the bulkhead inside': 1,
      'mainstay, the bulkhead inside': 1,
    },
  },
  {
    number: 'T9',
    title: 'one call is timed out while another is healthy, and a third comes later: their signals',
    run: scenarios.signalsOfOthers,
    right: { healthy: 'left alone', later: 'left alone' },
    others: {
      'opossum 9': { healthy: 'aborted', later: 'aborted' },
      'cockatiel 3': { healthy: 'left alone', later: 'left alone' },
      'cockatiel 4': { healthy: 'left alone', later: 'left alone' },
    },
  },
  {
    number: 'T10',
    title: 'the caller goes away 20 ms into a wait of 150 ms',
    run: scenarios.abortWhileItWaits,
    right: { calls: 1, answeredAfterMs: 20 },
    others: {
      'cockatiel 3': { calls: 2, answeredAfterMs: 150 },
      'cockatiel 4': { calls: 2, answeredAfterMs: 150 },
    },
  },
  {
    number: 'T11',
    title: 'fifty calls at once on one signal: its listeners',
    run: scenarios.listenersOfOneSignal,
    right: { meanwhile: 1, afterwards: 0 },
    others: {
      'cockatiel 3': { meanwhile: 50, afterwards: 0 },
      'cockatiel 4': { meanwhile: 50, afterwards: 0 },
    },
  },
  {
    number: 'T12',
    title: 'a body is read after the call was answered',
    run: scenarios.signalAfterSuccess,
    right: 'the body goes on',
    others: { 'cockatiel 3': 'the body is cut', 'cockatiel 4': 'the body is cut' },
  },
  {
    number: 'T17',
    title: 'the fallback throws, or rejects',
    run: scenarios.fallbackFails,
    right: { thrown: known, rejected: known, unhandled: 0 },
    others: {
      'opossum 9': { thrown: lost, rejected: lost, unhandled: 0 },
      'cockatiel 3': { thrown: lost, rejected: lost, unhandled: 0 },
      'cockatiel 4': { thrown: lost, rejected: lost, unhandled: 0 },
    },
  },
];
