import { expect, test, vi } from 'vitest';
import type { CircuitBreakerEvents } from '../src/index.js';
import { broken, fail, makeBreaker, pendingCall, settled, succeed } from './helpers.js';

test('T7 a listener that throws neither fails a success nor opens the circuit', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const { breaker } = makeBreaker();
  const oops = (): never => {
    throw new Error('in a listener');
  };
  breaker.on('success', oops);
  breaker.on('failure', oops);
  breaker.on('stateChange', oops);
  breaker.on('reject', oops);
  for (let count = 0; count < 5; count += 1) {
    await expect(breaker.execute(async () => 'answer')).resolves.toBe('answer');
  }
  expect(breaker.stats()).toMatchObject({ state: 'closed', succeeded: 5, failed: 0 });
  await expect(breaker.execute(() => Promise.reject(broken))).rejects.toBe(broken);
  await fail(breaker, 10);
  expect(breaker.state).toBe('open');
  await expect(breaker.execute(async () => 1)).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
  expect(warn).toHaveBeenCalledWith(
    expect.stringContaining('in a listener'),
    expect.objectContaining({ code: 'MAINSTAY_LISTENER' }),
  );
  warn.mockRestore();
});

test('each event says what there is to know', async () => {
  const { breaker, clock } = makeBreaker();
  const seen: unknown[] = [];
  const events = ['stateChange', 'reject', 'success', 'failure', 'ignore', 'late'] as const;
  for (const event of events) {
    breaker.on(event, (payload: CircuitBreakerEvents[typeof event]) => seen.push([event, payload]));
  }
  const name = 'model-a';
  const old = pendingCall(breaker);
  await succeed(breaker);
  await fail(breaker, 1);
  breaker.tryAcquire()?.ignore();
  await fail(breaker, 1);
  expect(seen.splice(0)).toEqual([
    ['success', { name }],
    ['failure', { name, error: broken }],
    ['ignore', { name }],
    ['stateChange', { name, from: 'closed', to: 'open', reason: 'failure-count' }],
    ['failure', { name, error: broken }],
  ]);
  clock.advance(400);
  await fail(breaker, 1);
  breaker.tryAcquire();
  old.resolve('late');
  await settled();
  expect(seen.splice(0)).toEqual([
    ['reject', { name, state: 'open', retryAfterMs: 600 }],
    ['reject', { name, state: 'open', retryAfterMs: 600 }],
    ['late', { name, outcome: 'success' }],
  ]);
  clock.advance(600);
  await succeed(breaker);
  expect(seen.splice(0)).toEqual([
    ['stateChange', { name, from: 'open', to: 'half-open', reason: 'open-time-over' }],
    ['stateChange', { name, from: 'half-open', to: 'closed', reason: 'probes-succeeded' }],
    ['success', { name }],
  ]);
});

test('a listener may use the breaker: one that resets it, or isolates it, is obeyed', async () => {
  const { breaker, clock } = makeBreaker();
  const stop = breaker.on('stateChange', ({ to }) => {
    if (to === 'half-open') breaker.reset();
  });
  await fail(breaker, 2);
  clock.advance(1_000);
  expect(await breaker.execute(async () => 'admitted')).toBe('admitted');
  expect(breaker.state).toBe('closed');
  stop();
  breaker.on('stateChange', ({ to }) => {
    if (to === 'half-open') breaker.isolate();
  });
  await fail(breaker, 2);
  clock.advance(1_000);
  await expect(breaker.execute(async () => 1)).rejects.toMatchObject({ state: 'isolated' });
});

test('a listener that was removed is not called, and unknown events are refused', async () => {
  const { breaker } = makeBreaker();
  const listener = vi.fn();
  const stop = breaker.on('success', listener);
  await succeed(breaker);
  stop();
  stop();
  await succeed(breaker);
  expect(listener).toHaveBeenCalledTimes(1);
  expect(() => breaker.on('open' as 'success', listener)).toThrow(
    'there is no event "open", only stateChange',
  );
  expect(() => breaker.on('success', undefined as unknown as () => void)).toThrow(TypeError);
});
