import { expect, test } from 'vitest';
import type { CircuitBreaker } from '../src/index.js';
import { fail, makeBreaker, pendingCall, settled, succeed } from './helpers.js';

async function ramping(steps: number[] = [0.1, 0.5]) {
  const made = makeBreaker({ ramp: { steps, stepMs: 1_000 } });
  await fail(made.breaker, 2);
  made.clock.advance(1_000);
  await succeed(made.breaker);
  return made;
}

/** Positions of the calls that got a permit. */
function admitted(breaker: CircuitBreaker, calls: number): number[] {
  const positions: number[] = [];
  for (let position = 1; position <= calls; position += 1) {
    const permit = breaker.tryAcquire();
    permit?.success();
    if (permit) positions.push(position);
  }
  return positions;
}

test('shares are exact and evenly spread, the first call among them', async () => {
  const { breaker, clock } = await ramping();
  expect(admitted(breaker, 31)).toEqual([1, 11, 21, 31]);
  clock.advance(1_000);
  expect(admitted(breaker, 1_000)).toHaveLength(500);
});

test('the circuit counts as half-open until the last step is over', async () => {
  const { breaker, clock } = await ramping();
  clock.advance(1_999);
  await breaker.execute(async () => 1).catch(() => {});
  expect(breaker.state).toBe('half-open');
  clock.advance(1);
  await succeed(breaker);
  expect(breaker.state).toBe('closed');
  expect(breaker.stats()).toMatchObject({ opened: 1, stateChanges: 3 });
});

test('the first sign of trouble opens the circuit again, for longer than before', async () => {
  const { breaker } = await ramping();
  expect(breaker.stats().opened).toBe(1);
  await fail(breaker);
  expect(breaker.stats()).toMatchObject({ state: 'open', opened: 2 });
  expect(breaker.retryAfterMs).toBe(2_000);
});

test('a dependency that always fails one call in a hundred gets its traffic back', async () => {
  const { breaker, clock } = await ramping();
  for (let step = 0; step < 2; step += 1) {
    let calls = 0;
    for (let count = 0; count < 5_000; count += 1) {
      const permit = breaker.tryAcquire();
      if (permit === undefined) continue;
      calls += 1;
      if (calls % 100 === 99) permit.failure();
      else permit.success();
    }
    clock.advance(1_000);
  }
  await succeed(breaker);
  expect(breaker.state).toBe('closed');
});

test('each step is judged by its own calls', async () => {
  const { breaker, clock } = await ramping([1, 1]);
  expect(admitted(breaker, 1_000)).toHaveLength(1_000);
  clock.advance(1_000);
  await fail(breaker);
  expect(breaker.state).toBe('open');
});

test('who is turned away by the ramp is told when the next step begins', async () => {
  const { breaker, clock } = await ramping();
  clock.advance(300);
  await succeed(breaker);
  await expect(breaker.execute(async () => 1)).rejects.toMatchObject({
    state: 'half-open',
    retryAfterMs: 700,
  });
});

test('results of probes and of earlier times are late in the ramp, and those of the ramp late once closed', async () => {
  const { breaker, clock } = makeBreaker({
    halfOpen: { probes: 2, successThreshold: 1 },
    ramp: { steps: [0.5], stepMs: 1_000 },
  });
  const closedEra = pendingCall(breaker);
  await fail(breaker, 2);
  clock.advance(1_000);
  const probe = pendingCall(breaker);
  await succeed(breaker);
  const inRamp = pendingCall(breaker);
  closedEra.reject(new Error('late'));
  probe.reject(new Error('late'));
  await settled();
  expect(breaker.stats()).toMatchObject({ state: 'half-open', late: 2 });
  clock.advance(1_000);
  await succeed(breaker);
  inRamp.reject(new Error('late'));
  await settled();
  expect(breaker.stats()).toMatchObject({ state: 'closed', late: 3 });
});
