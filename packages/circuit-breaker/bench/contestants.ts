// Every breaker with the same settings: half of at least 10 calls of the last 10 s, 10 buckets where they can be chosen, open for
// an hour, so that none of them probes while it is measured.
import { CircuitBreaker } from '@mainstay/circuit-breaker';
import * as cockatiel3 from 'cockatiel';
import * as cockatiel4 from 'cockatiel4';
import * as mollitia from 'mollitia';
import Opossum from 'opossum';

export type Work = () => Promise<unknown>;

interface Tuning {
  windowMs?: number;
  minimumCalls?: number;
}

const openMs = 3_600_000;

/** The clock is read for every call: what a server pays that answers one request a turn of the event loop. */
export const exactClock = {
  now: () => performance.now(),
  coarseNow: () => performance.now(),
  setTimer(): never {
    throw new Error('a breaker sets no timer');
  },
};

/** What the defaults are, with the window and the minimum that the others are given. */
export function mainstay({ windowMs = 10_000, minimumCalls = 10 }: Tuning = {}, options: object = {}) {
  return new CircuitBreaker({
    name: 'bench',
    window: { ms: windowMs },
    failureRateThreshold: 0.5,
    minimumCalls,
    openMs,
    ...options,
  });
}

export function sampling3({ windowMs = 10_000, minimumCalls = 10 }: Tuning = {}) {
  const minimumRps = minimumCalls / (windowMs / 1_000);
  return cockatiel3.circuitBreaker(cockatiel3.handleAll, {
    halfOpenAfter: openMs,
    breaker: new cockatiel3.SamplingBreaker({ threshold: 0.5, duration: windowMs, minimumRps }),
  });
}

export function sampling4({ windowMs = 10_000, minimumCalls = 10 }: Tuning = {}) {
  const minimumRps = minimumCalls / (windowMs / 1_000);
  return cockatiel4.circuitBreaker(cockatiel4.handleAll, {
    halfOpenAfter: openMs,
    breaker: new cockatiel4.SamplingBreaker({ threshold: 0.5, duration: windowMs, minimumRps }),
  });
}

export function consecutive3() {
  return cockatiel3.circuitBreaker(cockatiel3.handleAll, {
    halfOpenAfter: openMs,
    breaker: new cockatiel3.ConsecutiveBreaker(5),
  });
}

export function opossum(
  work: Work,
  { windowMs = 10_000, minimumCalls = 10 }: Tuning = {},
  options: object = {},
) {
  return new Opossum(work, {
    rollingCountTimeout: windowMs,
    rollingCountBuckets: 10,
    errorThresholdPercentage: 50,
    volumeThreshold: minimumCalls,
    resetTimeout: openMs,
    ...options,
  });
}

/** By count: its time window keeps every request and costs ten times as much again. */
export function mollitiaCount(work: Work) {
  return new mollitia.Circuit({
    func: work,
    options: {
      modules: [
        new mollitia.SlidingCountBreaker({
          slidingWindowSize: 100,
          minimumNumberOfCalls: 10,
          failureRateThreshold: 50,
          openStateDelay: openMs,
        }),
      ],
    },
  });
}
