import { expect, test } from 'vitest';
import { fail, makeBreaker, pendingCall, settled, succeed } from './helpers.js';

test('the circuit is held open until it is released as often as it was isolated', async () => {
  const { breaker, clock } = makeBreaker();
  breaker.isolate();
  breaker.isolate();
  clock.advance(86_400_000);
  await expect(breaker.execute(async () => 1)).rejects.toMatchObject({
    code: 'ERR_CIRCUIT_OPEN',
    state: 'isolated',
    retryAfterMs: 1_000,
  });
  breaker.release();
  expect(breaker.state).toBe('isolated');
  breaker.release();
  expect(breaker.state).toBe('closed');
  await succeed(breaker);
});

test('a release too many does nothing, and is not saved up', () => {
  const { breaker } = makeBreaker();
  breaker.release();
  breaker.isolate();
  expect(breaker.state).toBe('isolated');
});

test('isolating by hand is no trip', () => {
  const { breaker } = makeBreaker();
  breaker.isolate();
  breaker.release();
  expect(breaker.stats()).toMatchObject({ opened: 0, stateChanges: 2 });
});

test('probes under way when the circuit is isolated do not end the isolation', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(1_000);
  const probe = pendingCall(breaker);
  breaker.isolate();
  probe.resolve('answer');
  await settled();
  expect(breaker.stats()).toMatchObject({ state: 'isolated', late: 1 });
});

test('reset closes an open, a half-open and an isolated circuit, and forgets what led there', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  breaker.reset();
  expect(breaker.stats()).toMatchObject({ state: 'closed', windowCalls: 0, openForMs: 0, failed: 2 });
  await fail(breaker, 2);
  expect(breaker.retryAfterMs).toBe(1_000);
  clock.advance(1_000);
  breaker.tryAcquire();
  expect(breaker.state).toBe('half-open');
  breaker.reset();
  breaker.isolate();
  breaker.isolate();
  breaker.reset();
  expect(breaker.state).toBe('closed');
  breaker.isolate();
  breaker.release();
  expect(breaker.state).toBe('closed');
});

test('a reset of a closed circuit empties its window and is no change of state', async () => {
  const { breaker } = makeBreaker();
  await fail(breaker);
  breaker.reset();
  await fail(breaker);
  expect(breaker.stats()).toMatchObject({ state: 'closed', windowFailures: 1, stateChanges: 0 });
});

test('a listener that releases at once what was isolated leaves the circuit closed', () => {
  const { breaker } = makeBreaker();
  breaker.on('stateChange', ({ to }) => {
    if (to === 'isolated') breaker.release();
  });
  breaker.isolate();
  expect(breaker.state).toBe('closed');
});
