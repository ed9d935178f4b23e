import { expect, test } from 'vitest';
import { broken, fail, makeBreaker, pendingCall, settled, succeed } from './helpers.js';

test('T1 a success from the closed era does not close a half-open circuit', async () => {
  const { breaker, clock } = makeBreaker();
  const slow = pendingCall(breaker);
  await fail(breaker, 2);
  clock.advance(1_000);
  const probe = pendingCall(breaker);
  expect(breaker.state).toBe('half-open');

  slow.resolve('late answer');
  await settled();
  expect(breaker.state).toBe('half-open');
  expect(breaker.stats()).toMatchObject({ late: 1, succeeded: 0 });

  probe.resolve('answer');
  await settled();
  expect(breaker.state).toBe('closed');
});

test('T1b a failure from the closed era does not reopen a half-open circuit, and the probe still closes it', async () => {
  const { breaker, clock } = makeBreaker();
  const slow = pendingCall(breaker);
  await fail(breaker, 2);
  clock.advance(1_000);
  const probe = pendingCall(breaker);

  slow.reject(broken);
  await settled();
  expect(breaker.state).toBe('half-open');

  probe.resolve('answer');
  await settled();
  expect(breaker.state).toBe('closed');
  expect(breaker.stats()).toMatchObject({ opened: 1, late: 1, failed: 2 });
});

test('T1c failures of calls that started before the trip do not trip a recovered circuit again', async () => {
  const { breaker, clock } = makeBreaker();
  const old = [pendingCall(breaker), pendingCall(breaker), pendingCall(breaker)];
  await fail(breaker, 2);
  clock.advance(1_000);
  await succeed(breaker);
  expect(breaker.state).toBe('closed');

  for (const call of old) call.reject(broken);
  await settled();
  expect(breaker.state).toBe('closed');
  expect(breaker.stats()).toMatchObject({ late: 3, windowCalls: 0, windowFailures: 0 });
});

test('a late result still reaches its caller', async () => {
  const { breaker } = makeBreaker();
  let answer: (value: string) => void = () => {};
  const call = breaker.execute(() => new Promise<string>((resolve) => (answer = resolve)));
  await fail(breaker, 2);
  answer('late but whole');
  await expect(call).resolves.toBe('late but whole');
});

test('results from before a reset or an isolation are late', async () => {
  const { breaker } = makeBreaker();
  const beforeReset = pendingCall(breaker);
  breaker.reset();
  const beforeIsolation = pendingCall(breaker);
  breaker.isolate();
  breaker.release();
  beforeReset.reject(broken);
  beforeIsolation.reject(broken);
  await settled();
  expect(breaker.stats()).toMatchObject({ late: 2, failed: 0, windowCalls: 0 });
});

test('a probe that failed does not let the other probes of its time touch the next half-open time', async () => {
  const { breaker, clock } = makeBreaker({ halfOpen: { probes: 2, successThreshold: 2, leaseMs: 10_000 } });
  await fail(breaker, 2);
  clock.advance(1_000);
  const first = pendingCall(breaker);
  const second = pendingCall(breaker);
  first.reject(broken);
  await settled();
  expect(breaker.state).toBe('open');

  clock.advance(2_000);
  pendingCall(breaker);
  expect(breaker.state).toBe('half-open');
  second.reject(broken);
  await settled();
  expect(breaker.state).toBe('half-open');
  expect(breaker.stats().late).toBe(1);
});
