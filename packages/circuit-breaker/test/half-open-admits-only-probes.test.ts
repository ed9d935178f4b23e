import { expect, test } from 'vitest';
import { type CircuitBreaker, isCircuitOpenError } from '../src/index.js';
import { broken, deferred, fail, makeBreaker, pendingCall, settled, succeed } from './helpers.js';

/** How many of `callers` simultaneous calls get through. */
async function admittedOf(breaker: CircuitBreaker, callers: number): Promise<number> {
  let admitted = 0;
  const calls = Array.from({ length: callers }, () =>
    breaker.execute(() => {
      admitted += 1;
      return new Promise<never>(() => {});
    }),
  );
  for (const call of calls) call.catch(() => {});
  await settled();
  return admitted;
}

test('T2 a probe that never settles loses its place when its lease ends, and the next one closes the circuit', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(1_000);
  pendingCall(breaker);
  await expect(breaker.execute(async () => 1)).rejects.toSatisfy(isCircuitOpenError);

  clock.advance(9_999);
  await expect(breaker.execute(async () => 1)).rejects.toSatisfy(isCircuitOpenError);
  clock.advance(1);
  await expect(breaker.execute(async () => 1)).resolves.toBe(1);
  expect(breaker.state).toBe('closed');
});

test('T2 callers who are turned away beside a hung probe settle at once', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(1_000);
  pendingCall(breaker);
  const results = await Promise.allSettled(
    Array.from({ length: 1_000 }, () => breaker.execute(async () => 'never')),
  );
  expect(results.every((result) => result.status === 'rejected' && isCircuitOpenError(result.reason))).toBe(
    true,
  );
});

test('T2c of a thousand simultaneous callers only the probes are admitted, and nobody is queued to be released at once', async () => {
  const { breaker, clock } = makeBreaker({ halfOpen: { probes: 3, leaseMs: 10_000 } });
  await fail(breaker, 2);
  clock.advance(1_000);
  expect(await admittedOf(breaker, 1_000)).toBe(3);
  expect(breaker.stats().rejected).toBe(997);
});

test('T2c with a ramp, a thousand callers after the recovery are admitted a tenth at a time', async () => {
  const { breaker, clock } = makeBreaker({ ramp: { steps: [0.1, 0.25, 0.5], stepMs: 1_000 } });
  await fail(breaker, 2);
  clock.advance(1_000);
  await succeed(breaker);
  expect(breaker.state).toBe('half-open');
  expect(await admittedOf(breaker, 1_000)).toBe(100);
  clock.advance(1_000);
  expect(await admittedOf(breaker, 1_000)).toBe(250);
  clock.advance(1_000);
  expect(await admittedOf(breaker, 1_000)).toBe(500);
  clock.advance(1_000);
  expect(await admittedOf(breaker, 1_000)).toBe(1_000);
  expect(breaker.state).toBe('closed');
});

test('the result of an expired probe whose place was given away changes nothing', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(1_000);
  const hung = pendingCall(breaker);
  clock.advance(10_000);
  const second = pendingCall(breaker);

  hung.reject(broken);
  await settled();
  expect(breaker.state).toBe('half-open');
  expect(breaker.stats().late).toBe(1);
  second.resolve('answer');
  await settled();
  expect(breaker.state).toBe('closed');
});

test('the result of an overdue probe whose place nobody wanted still counts', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(1_000);
  const slow = pendingCall(breaker);
  clock.advance(60_000);
  slow.resolve('slow, but an answer');
  await settled();
  expect(breaker.state).toBe('closed');
});

test('successThreshold of the probes suffice, in spite of a failure', async () => {
  const { breaker, clock } = makeBreaker({ halfOpen: { probes: 3, successThreshold: 2 } });
  await fail(breaker, 2);
  clock.advance(1_000);
  await succeed(breaker);
  await fail(breaker);
  expect(breaker.state).toBe('half-open');
  await succeed(breaker);
  expect(breaker.state).toBe('closed');
});

test('the circuit opens again as soon as the probes that are left cannot reach successThreshold', async () => {
  const { breaker, clock } = makeBreaker({ halfOpen: { probes: 5, successThreshold: 4 } });
  await fail(breaker, 2);
  clock.advance(1_000);
  await fail(breaker);
  expect(breaker.state).toBe('half-open');
  await fail(breaker);
  expect(breaker.state).toBe('open');
});

test('T13 a probe whose caller went away gives its place to the next caller', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(1_000);
  const controller = new AbortController();
  const work = deferred<string>();
  const call = breaker.execute(() => work.promise, { signal: controller.signal });
  controller.abort();
  await expect(call).rejects.toBe(controller.signal.reason);
  expect(breaker.state).toBe('half-open');
  await succeed(breaker);
  expect(breaker.state).toBe('closed');
});

test('a slow probe is no recovery where slow calls open the circuit', async () => {
  const { breaker, clock } = makeBreaker({ slowCallMs: 500 });
  await fail(breaker, 2);
  clock.advance(1_000);
  const probe = pendingCall(breaker);
  clock.advance(500);
  probe.resolve('answer');
  await settled();
  expect(breaker.state).toBe('open');
});

test('an open circuit stays open until somebody calls', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(3_600_000);
  expect(breaker.state).toBe('open');
  expect(breaker.retryAfterMs).toBe(0);
  await succeed(breaker);
  expect(breaker.state).toBe('closed');
});
