// Every contestant with the same settings: three attempts, 100 ms to 10 s of decorrelated jitter, one second for an attempt, a
// breaker over 10 s in 10 buckets that opens at half of at least 10 calls. Opossum has no retry: it runs with timeout and breaker.
import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { pipeline, retry, timeout } from '@mainstay/policies';
import * as cockatiel3 from 'cockatiel';
import * as cockatiel4 from 'cockatiel4';
import * as mollitia from 'mollitia';
import Opossum from 'opossum';

export type Work = () => Promise<unknown>;

const timeoutMs = 1_000;
const openMs = 3_600_000;

export function mainstayBreaker() {
  return new CircuitBreaker({
    name: 'bench',
    window: { ms: 10_000, buckets: 10 },
    failureRateThreshold: 0.5,
    minimumCalls: 10,
    openMs,
  });
}

export function mainstay() {
  return pipeline(retry({ maxAttempts: 3 }), mainstayBreaker(), timeout({ timeoutMs }));
}

export function cockatiel3Retry() {
  const backoff = new cockatiel3.ExponentialBackoff({ initialDelay: 100, maxDelay: 10_000 });
  return cockatiel3.retry(cockatiel3.handleAll, { maxAttempts: 2, backoff });
}

/** Aggressive: it answers at once when the time is over, as ours does. */
export function cockatiel3Timeout() {
  return cockatiel3.timeout(timeoutMs, cockatiel3.TimeoutStrategy.Aggressive);
}

export function cockatiel3Wrap() {
  const breaker = cockatiel3.circuitBreaker(cockatiel3.handleAll, {
    halfOpenAfter: openMs,
    breaker: new cockatiel3.SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 1 }),
  });
  return cockatiel3.wrap(cockatiel3Retry(), breaker, cockatiel3Timeout());
}

export function cockatiel4Wrap() {
  const backoff = new cockatiel4.ExponentialBackoff({ initialDelay: 100, maxDelay: 10_000 });
  const breaker = cockatiel4.circuitBreaker(cockatiel4.handleAll, {
    halfOpenAfter: openMs,
    breaker: new cockatiel4.SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 1 }),
  });
  return cockatiel4.wrap(
    cockatiel4.retry(cockatiel4.handleAll, { maxAttempts: 2, backoff }),
    breaker,
    cockatiel4.timeout(timeoutMs, cockatiel4.TimeoutStrategy.Aggressive),
  );
}

export function opossum(work: Work, options: object = {}) {
  return new Opossum(work, {
    timeout: timeoutMs,
    rollingCountTimeout: 10_000,
    rollingCountBuckets: 10,
    errorThresholdPercentage: 50,
    volumeThreshold: 10,
    resetTimeout: openMs,
    ...options,
  });
}

export function mollitiaCircuit(func: Work) {
  return new mollitia.Circuit({
    func,
    options: {
      modules: [
        new mollitia.Retry({ attempts: 2, interval: 100 }),
        new mollitia.SlidingCountBreaker({
          slidingWindowSize: 100,
          minimumNumberOfCalls: 10,
          failureRateThreshold: 50,
          openStateDelay: openMs,
        }),
        new mollitia.Timeout({ delay: timeoutMs }),
      ],
    },
  });
}

export const calls =
  (call: () => PromiseLike<unknown>) =>
  async (operations: number): Promise<void> => {
    for (let done = 0; done < operations; done += 1) await call();
  };
