import { expect, test } from 'vitest';
import type { Permit } from '../src/index.js';
import { broken, fail, makeBreaker, succeed } from './helpers.js';

test('a permit counts what its holder says, once', () => {
  const { breaker } = makeBreaker({ failureThreshold: 10 });
  const endings: ((permit: Permit) => void)[] = [
    (permit) => permit.success(),
    (permit) => permit.failure(broken),
    (permit) => permit.ignore(),
  ];
  for (const end of endings) {
    const permit = breaker.tryAcquire() as Permit;
    end(permit);
    permit.failure(broken);
    permit.success();
    permit.ignore();
  }
  expect(breaker.stats()).toMatchObject({ succeeded: 1, failed: 1, ignored: 1, late: 0, windowCalls: 2 });
});

test('an open circuit gives no permit, and counts the refusal', async () => {
  const { breaker } = makeBreaker();
  await fail(breaker, 2);
  expect(breaker.tryAcquire()).toBeUndefined();
  expect(breaker.stats().rejected).toBe(1);
  expect(breaker.retryAfterMs).toBe(1_000);
});

test('a probe by permit closes the circuit', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(1_000);
  const permit = breaker.tryAcquire();
  expect(breaker.tryAcquire()).toBeUndefined();
  permit?.success();
  expect(breaker.state).toBe('closed');
});

test('a permit that was lost blocks the half-open circuit for no longer than its lease', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(1_000);
  breaker.tryAcquire();
  clock.advance(10_000);
  await succeed(breaker);
  expect(breaker.state).toBe('closed');
});

test('an ignored probe gives its place back, and a probe by permit may be slow', async () => {
  const { breaker, clock } = makeBreaker({ slowCallMs: 100 });
  await fail(breaker, 2);
  clock.advance(1_000);
  breaker.tryAcquire()?.ignore();
  const permit = breaker.tryAcquire();
  clock.advance(100);
  permit?.success();
  expect(breaker.stats()).toMatchObject({ state: 'open', slow: 1 });
});
