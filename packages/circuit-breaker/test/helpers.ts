import { ManualClock } from '@mainstay/core';
import {
  CircuitBreaker,
  CircuitBreakerGroup,
  type CircuitBreakerGroupOptions,
  type CircuitBreakerOptions,
} from '../src/index.js';

/** A breaker on a clock that stands still, opening after two failures and closing after one successful probe. */
export function makeBreaker(options: Partial<CircuitBreakerOptions> = {}) {
  const clock = new ManualClock(1_000_000);
  const breaker = new CircuitBreaker({
    name: 'model-a',
    failureThreshold: 2,
    openMs: 1_000,
    openBackoff: { jitterRatio: 0 },
    halfOpen: { probes: 1, leaseMs: 10_000 },
    clock,
    ...options,
  });
  return { breaker, clock };
}

/** A group of such breakers. */
export function makeGroup(options: Partial<CircuitBreakerGroupOptions> = {}) {
  const clock = new ManualClock(1_000_000);
  const group = new CircuitBreakerGroup({
    name: 'hosts',
    failureThreshold: 2,
    openMs: 1_000,
    openBackoff: { jitterRatio: 0 },
    halfOpen: { probes: 1, leaseMs: 10_000 },
    clock,
    ...options,
  });
  return { group, clock };
}

export interface Deferred<Value> {
  promise: Promise<Value>;
  resolve(value: Value): void;
  reject(error: unknown): void;
}

export function deferred<Value = void>(): Deferred<Value> {
  let settle: Omit<Deferred<Value>, 'promise'> | undefined;
  const promise = new Promise<Value>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as Omit<Deferred<Value>, 'promise'>) };
}

export const broken = new Error('the dependency is broken');

export async function fail(breaker: CircuitBreaker, times = 1): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    await breaker.execute(() => Promise.reject(broken)).catch(() => {});
  }
}

export async function succeed(breaker: CircuitBreaker, times = 1): Promise<void> {
  for (let count = 0; count < times; count += 1) await breaker.execute(async () => 'answer');
}

/** A call that ends when it is told to; what it comes to is swallowed. */
export function pendingCall(breaker: CircuitBreaker, signal?: AbortSignal): Deferred<string> {
  const work = deferred<string>();
  breaker.execute(() => work.promise, { signal }).catch(() => {});
  return work;
}

/** Lets everything that waits only for promises run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
