import { ManualClock } from '@mainstay/core';
import {
  adaptiveConcurrency,
  bulkhead,
  fallback,
  hedge,
  type Policy,
  pipeline,
  retry,
  throttle,
  timeout,
} from '../src/index.js';

export interface Deferred<Value> {
  promise: Promise<Value>;
  resolve(value: Value): void;
  reject(error: unknown): void;
}

export function deferred<Value = string>(): Deferred<Value> {
  let settle: Omit<Deferred<Value>, 'promise'> | undefined;
  const promise = new Promise<Value>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as Omit<Deferred<Value>, 'promise'>) };
}

export const broken = new Error('the dependency is broken');

/** Lets everything that waits only for promises run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What a promise has come to by now. */
export async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  let state: unknown = 'pending';
  promise.then(
    (value) => {
      state = { value };
    },
    (error: unknown) => {
      state = { error };
    },
  );
  await settled();
  return state;
}

/** One of each, which let a call through. */
export function everyPolicy(clock = new ManualClock(1_000)): Record<string, Policy<unknown>> {
  return {
    retry: retry({ maxAttempts: 1, clock }),
    timeout: timeout({ timeoutMs: 1_000, clock }),
    bulkhead: bulkhead({ maxConcurrent: 100, clock }),
    hedge: hedge({ delayMs: 1_000, clock }),
    fallback: fallback((error) => Promise.reject(error)),
    adaptiveConcurrency: adaptiveConcurrency({ initialLimit: 100, clock }),
    throttle: throttle({ clock }),
    pipeline: pipeline(retry({ maxAttempts: 1, clock }), timeout({ timeoutMs: 1_000, clock })),
  };
}
