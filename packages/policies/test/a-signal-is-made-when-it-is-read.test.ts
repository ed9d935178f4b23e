import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { ManualClock } from '@mainstay/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type CallContext, hedge, isTimeoutError, pipeline, retry, timeout } from '../src/index.js';
import { broken, deferred, settled } from './helpers.js';

const Native = AbortController;
let made = 0;

beforeEach(() => {
  made = 0;
  vi.stubGlobal(
    'AbortController',
    class extends Native {
      constructor() {
        super();
        made += 1;
      }
    },
  );
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function guarded(clock = new ManualClock(1)) {
  const breaker = new CircuitBreaker({ name: 'model-a' });
  return pipeline(
    timeout({ timeoutMs: 5_000, clock }),
    retry({ clock }),
    breaker,
    timeout({ timeoutMs: 1_000, clock }),
  );
}

test('no AbortController is made where nobody reads the signal, not even with a breaker inside of a timeout', async () => {
  const whole = guarded();
  await whole.execute(async () => 1);
  await whole.execute((_context) => 1);
  await whole.execute((context) => Object.keys(context).length);
  expect(made).toBe(0);
});

test('one is made where it is read, by destructuring too, and it is the same at each reading', async () => {
  const whole = guarded();
  await whole.execute(({ signal }) => expect(signal.aborted).toBe(false));
  expect(made).toBe(1);
  await whole.execute((context) => expect(context.signal).toBe(context.signal));
  expect(made).toBe(2);
});

test('with nothing that could abort it, the signal is the caller’s own', async () => {
  const { signal } = new Native();
  await retry().execute((context) => expect(context.signal).toBe(signal), { signal });
  expect(made).toBe(0);
});

test('T12: a signal is never aborted after success, whatever happens later', async () => {
  const clock = new ManualClock(1);
  const controller = new Native();
  const signals: AbortSignal[] = [];
  const whole = pipeline(
    timeout({ timeoutMs: 50, clock }),
    hedge({ delayMs: 10, clock }),
    timeout({ timeoutMs: 20, clock }),
  );
  await whole.execute((context) => signals.push(context.signal), { signal: controller.signal });
  controller.abort();
  clock.advance(1_000);
  await settled();
  expect(signals.map((signal) => signal.aborted)).toEqual([false]);
});

test('a failed call leaves its signal alone as well', async () => {
  const clock = new ManualClock(1);
  let signal: AbortSignal | undefined;
  const call = timeout({ timeoutMs: 20, clock }).execute((context) => {
    ({ signal } = context);
    return Promise.reject(broken);
  });
  await expect(call).rejects.toBe(broken);
  clock.advance(1_000);
  expect(signal?.aborted).toBe(false);
});

test('a signal that is read first after the timeout is aborted already, with the timeout as its reason', async () => {
  const clock = new ManualClock(1);
  let kept: CallContext | undefined;
  const call = timeout({ timeoutMs: 20, clock }).execute((context) => {
    kept = context;
    return new Promise(() => {});
  });
  clock.advance(20);
  const error = await call.catch((reason: unknown) => reason);
  expect(kept?.signal.aborted).toBe(true);
  expect(kept?.signal.reason).toBe(error);
  expect(isTimeoutError(error)).toBe(true);
});

test('T9: each call has a signal of its own: a timeout aborts neither its neighbour nor what comes after', async () => {
  const clock = new ManualClock(1);
  const policy = timeout({ timeoutMs: 100, clock });
  const works = [deferred(), deferred(), deferred()];
  const signals: AbortSignal[] = [];
  const call = (index: number) =>
    policy.execute((context) => {
      signals[index] = context.signal;
      return works[index]?.promise;
    });
  const slow = call(0).catch(() => 'timed out');
  clock.advance(60);
  const healthy = call(1);
  clock.advance(40);
  expect(await slow).toBe('timed out');
  const later = call(2);
  expect(signals.map((signal) => signal.aborted)).toEqual([true, false, false]);
  works[1]?.resolve('healthy');
  works[2]?.resolve('later');
  expect(await Promise.all([healthy, later])).toEqual(['healthy', 'later']);
});
