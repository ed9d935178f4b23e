import { CircuitBreaker, type CircuitBreakerOptions } from '@mainstay/circuit-breaker';
import * as cockatiel3 from 'cockatiel';
import * as cockatiel4 from 'cockatiel4';
import Opossum from 'opossum';
import { onTestFinished } from 'vitest';
import {
  LEASE_MS,
  OPEN_MS,
  type Peer,
  type PeerName,
  type Rule,
  type Subject,
  type Twins,
} from './subject.js';

const opossumRules: Record<Rule, Opossum.Options> = {
  'two failures': { volumeThreshold: 2, errorThresholdPercentage: 50 },
  'half of five in a second': {
    volumeThreshold: 5,
    errorThresholdPercentage: 50,
    rollingCountTimeout: 1_000,
  },
  'half of ten': { volumeThreshold: 10, errorThresholdPercentage: 50, rollingCountTimeout: 10_000 },
  defaults: {},
};

function opossum(rule: Rule, state?: object): Subject {
  // Its types do not know the option, its documentation does.
  const restored: object = state === undefined ? {} : { state };
  const breaker = new Opossum((work: () => Promise<unknown>) => work(), {
    timeout: false,
    resetTimeout: OPEN_MS,
    ...opossumRules[rule],
    ...restored,
  });
  onTestFinished(() => breaker.shutdown());
  return {
    call: (work) => breaker.fire(work as () => Promise<unknown>),
    get state() {
      if (breaker.opened) return 'open';
      return breaker.halfOpen ? 'half-open' : 'closed';
    },
    onSuccess: (listener) => breaker.on('success', listener),
    restored: () => opossum(rule, JSON.parse(JSON.stringify(breaker)).state),
  };
}

/** The two have one face. */
function cockatiel(
  library: typeof cockatiel3 | typeof cockatiel4,
  rule: Rule,
  initialState?: unknown,
): Subject {
  const { circuitBreaker, ConsecutiveBreaker, handleAll, SamplingBreaker } = library as typeof cockatiel3;
  const breakers: Record<Rule, () => cockatiel3.IBreaker> = {
    'two failures': () => new ConsecutiveBreaker(2),
    'half of five in a second': () => new SamplingBreaker({ threshold: 0.5, duration: 1_000, minimumRps: 5 }),
    'half of ten': () => new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 1 }),
    defaults: () => {
      throw new Error('cockatiel has no default rule');
    },
  };
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: OPEN_MS,
    breaker: breakers[rule](),
    ...(initialState === undefined ? {} : { initialState }),
  });
  return {
    call: (work, signal) => breaker.execute((context) => work(context.signal), signal),
    get state() {
      return ['closed', 'open', 'half-open', 'isolated'][breaker.state] ?? 'unknown';
    },
    onSuccess: (listener) => breaker.onSuccess(listener),
    restored: () => cockatiel(library, rule, JSON.parse(JSON.stringify(breaker))),
  };
}

const mainstayRules: Record<Rule, Partial<CircuitBreakerOptions>> = {
  'two failures': { consecutiveFailures: 2 },
  'half of five in a second': { window: { ms: 1_000 }, failureRateThreshold: 0.5, minimumCalls: 5 },
  'half of ten': { window: { ms: 10_000 }, failureRateThreshold: 0.5, minimumCalls: 10 },
  defaults: {},
};

function mainstay(options: Partial<CircuitBreakerOptions>): Subject {
  const breaker = new CircuitBreaker({
    name: 'ours',
    openMs: OPEN_MS,
    openBackoff: { jitterRatio: 0 },
    halfOpen: { probes: 1, leaseMs: LEASE_MS },
    ...options,
  });
  return {
    call: (work, signal) => breaker.execute((context) => work(context.signal), { signal }),
    get state() {
      return breaker.state;
    },
    onSuccess: (listener) => breaker.on('success', listener),
    restored: () => mainstay({ ...options, initialState: JSON.parse(JSON.stringify(breaker)) }),
  };
}

function madeOf(options: object, make: (name: string) => () => Promise<unknown>): Twins {
  const asGiven = JSON.stringify(options);
  const calls = ['A', 'B'].map(make);
  return { calls, optionsAreUntouched: JSON.stringify(options) === asGiven };
}

function cockatielPeer(library: typeof cockatiel3 | typeof cockatiel4): Peer {
  return {
    make: (rule) => cockatiel(library, rule),
    twins: (work) => {
      const { circuitBreaker, ConsecutiveBreaker, handleAll } = library as typeof cockatiel3;
      const options = { halfOpenAfter: OPEN_MS, breaker: new ConsecutiveBreaker(2) };
      return madeOf(options, (name) => {
        const breaker = circuitBreaker(handleAll, options);
        return () => breaker.execute(() => work(name));
      });
    },
  };
}

export const peers: Record<PeerName, Peer> = {
  'opossum 9': {
    make: (rule) => opossum(rule),
    twins: (work) => {
      const options: Opossum.Options = { cache: true, timeout: false };
      return madeOf(options, (name) => {
        const breaker = new Opossum(() => work(name), options);
        onTestFinished(() => breaker.shutdown());
        return () => breaker.fire();
      });
    },
  },
  'cockatiel 3': cockatielPeer(cockatiel3),
  'cockatiel 4': cockatielPeer(cockatiel4),
  mainstay: {
    make: (rule) => mainstay(mainstayRules[rule]),
    gentle: () =>
      mainstay({
        consecutiveFailures: 2,
        halfOpen: { probes: 1, leaseMs: LEASE_MS, waiting: { maxQueued: 1_000 } },
        ramp: {},
      }),
    twins: (work) => {
      const options = { name: 'twin' };
      return madeOf(options, (name) => {
        const breaker = new CircuitBreaker(options);
        return () => breaker.execute(() => work(name));
      });
    },
  },
};
