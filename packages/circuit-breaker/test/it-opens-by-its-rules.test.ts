import { expect, test, vi } from 'vitest';
import { CircuitBreaker } from '../src/index.js';
import { broken, fail, makeBreaker, pendingCall, settled, succeed } from './helpers.js';

const off = { failureThreshold: undefined };

test('T15 the first call ever may fail without opening the circuit', async () => {
  const breaker = new CircuitBreaker({ name: 'default' });
  await fail(breaker);
  expect(breaker.state).toBe('closed');
  await fail(breaker, 3);
  expect(breaker.state).toBe('closed');
  await fail(breaker);
  expect(breaker.state).toBe('open');
});

test('T16 calls in flight and calls turned away are no part of the failure rate', async () => {
  const { breaker } = makeBreaker({ ...off, failureRateThreshold: 0.9, minimumCalls: 10 });
  for (let count = 0; count < 20; count += 1) pendingCall(breaker);
  await fail(breaker, 9);
  expect(breaker.state).toBe('closed');
  await fail(breaker);
  expect(breaker.state).toBe('open');
  await fail(breaker, 100);
  expect(breaker.stats()).toMatchObject({
    windowCalls: 10,
    windowFailures: 10,
    failureRate: 1,
    rejected: 100,
  });
});

test('failures below failureRateFloor do not open the circuit, however many they are', async () => {
  const { breaker } = makeBreaker({ failureThreshold: 5 });
  await succeed(breaker, 10);
  await fail(breaker, 9);
  expect(breaker.state).toBe('closed');
  await fail(breaker);
  expect(breaker.state).toBe('open');
});

test('a failureRateFloor of 0 makes a plain count', async () => {
  const { breaker } = makeBreaker({ failureThreshold: 3, failureRateFloor: 0 });
  await succeed(breaker, 1_000);
  await fail(breaker, 2);
  expect(breaker.state).toBe('closed');
  await fail(breaker);
  expect(breaker.state).toBe('open');
});

test('a failure rate that is reached exactly opens the circuit, also where 0.07 * 100 is more than 7', async () => {
  const { breaker } = makeBreaker({ ...off, failureRateThreshold: 0.07, minimumCalls: 100 });
  await succeed(breaker, 93);
  await fail(breaker, 6);
  expect(breaker.state).toBe('closed');
  await fail(breaker);
  expect(breaker.state).toBe('open');
});

test('failureRateThreshold replaces the default count of five failures', async () => {
  const { breaker } = makeBreaker({ ...off, failureRateThreshold: 0.5, minimumCalls: 20 });
  await fail(breaker, 19);
  expect(breaker.state).toBe('closed');
  await fail(breaker);
  expect(breaker.state).toBe('open');
});

test('consecutive failures open the circuit, and a success begins the count anew', async () => {
  const { breaker } = makeBreaker({ ...off, consecutiveFailures: 3 });
  await fail(breaker, 2);
  await succeed(breaker);
  await fail(breaker, 2);
  expect(breaker.state).toBe('closed');
  await fail(breaker);
  expect(breaker.state).toBe('open');
});

test('any one of several rules suffices', async () => {
  const reasons: string[] = [];
  const rules = { failureThreshold: 50, consecutiveFailures: 4, failureRateThreshold: 0.2, minimumCalls: 10 };
  const byRow = makeBreaker(rules).breaker;
  byRow.on('stateChange', ({ reason }) => reasons.push(reason));
  await fail(byRow, 4);
  const byRate = makeBreaker(rules).breaker;
  byRate.on('stateChange', ({ reason }) => reasons.push(reason));
  await succeed(byRate, 8);
  await fail(byRate, 2);
  expect(reasons).toEqual(['consecutive-failures', 'failure-rate']);
});

test('slow calls open the circuit although they succeed', async () => {
  const { breaker, clock } = makeBreaker({ slowCallMs: 200, slowCallRateThreshold: 0.5, minimumCalls: 4 });
  await succeed(breaker, 2);
  for (const durationMs of [199, 200, 5_000]) {
    const call = pendingCall(breaker);
    clock.advance(durationMs);
    call.resolve('answer');
    await settled();
  }
  expect(breaker.state).toBe('closed');
  expect(breaker.stats()).toMatchObject({ slow: 2, succeeded: 5 });
  const last = pendingCall(breaker);
  clock.advance(200);
  last.resolve('answer');
  await settled();
  expect(breaker.state).toBe('open');
});

test('a success never opens the circuit, though it may complete minimumCalls', async () => {
  const { breaker } = makeBreaker({ ...off, failureRateThreshold: 0.5, minimumCalls: 10 });
  await fail(breaker, 9);
  await succeed(breaker);
  expect(breaker.state).toBe('closed');
});

test('a window of calls judges the last ones only, however old', async () => {
  const { breaker, clock } = makeBreaker({
    ...off,
    window: { calls: 4 },
    failureRateThreshold: 0.75,
    minimumCalls: 4,
  });
  await fail(breaker, 2);
  await succeed(breaker, 2);
  clock.advance(86_400_000);
  await fail(breaker, 2);
  expect(breaker.stats()).toMatchObject({ windowCalls: 4, windowFailures: 2, failureRate: 0.5 });
  await fail(breaker);
  expect(breaker.state).toBe('open');
});

test('isFailure decides which errors count; an error that is none is a success', async () => {
  const missing = Object.assign(new Error('not found'), { status: 404 });
  const { breaker } = makeBreaker({
    isFailure: (error) => (error as { status?: number }).status !== 404,
  });
  for (let count = 0; count < 10; count += 1) {
    await expect(breaker.execute(() => Promise.reject(missing))).rejects.toBe(missing);
  }
  expect(breaker.stats()).toMatchObject({ state: 'closed', succeeded: 10, failed: 0 });
  for (let count = 0; count < 10; count += 1) {
    await expect(breaker.execute(() => Promise.reject(broken))).rejects.toBe(broken);
  }
  expect(breaker.state).toBe('open');
});

test('isFailure.result makes a failure of an answer, which its caller receives all the same', async () => {
  const { breaker } = makeBreaker({
    isFailure: { result: (response: { status: number }) => response.status >= 500 },
  });
  const answer = { status: 503 };
  expect(await breaker.execute(async () => answer)).toBe(answer);
  await breaker.execute(async () => ({ status: 200 }));
  expect(breaker.stats()).toMatchObject({ succeeded: 1, failed: 1 });
  await breaker.execute(async () => answer);
  expect(breaker.state).toBe('open');
});

test('an isFailure that returns a promise decides nothing: errors stay failures, results stay successes', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const later = (() => Promise.reject(new Error('nobody waits for it'))) as unknown as () => boolean;
  const { breaker } = makeBreaker({ isFailure: { error: later, result: later }, failureThreshold: 10 });
  await fail(breaker, 2);
  await succeed(breaker, 3);
  await settled();
  expect(breaker.stats()).toMatchObject({ failed: 2, succeeded: 3 });
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]?.[0]).toContain('returned a promise, must return true or false');
  warn.mockRestore();
});

test('an isFailure that throws changes no result: errors stay failures, results stay successes', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const oops = (): never => {
    throw new Error('in isFailure');
  };
  const { breaker } = makeBreaker({ isFailure: { error: oops, result: oops }, failureThreshold: 10 });
  await expect(breaker.execute(async () => 42)).resolves.toBe(42);
  await expect(breaker.execute(() => Promise.reject(broken))).rejects.toBe(broken);
  expect(breaker.stats()).toMatchObject({ succeeded: 1, failed: 1 });
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]?.[1]).toMatchObject({ code: 'MAINSTAY_IS_FAILURE' });
  warn.mockRestore();
});
