import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { isTimeoutError, pipeline, timeout } from '../src/index.js';
import { broken, deferred, settled } from './helpers.js';

/** A half-open breaker whose only probe is under way, so that everybody else waits. */
async function halfOpen() {
  const clock = new ManualClock(1_000);
  const breaker = new CircuitBreaker({
    name: 'api',
    consecutiveFailures: 1,
    openMs: 100,
    openBackoff: { jitterRatio: 0 },
    halfOpen: { probes: 2, successThreshold: 2, waiting: { timeoutMs: 10_000 } },
    clock,
  });
  await breaker.execute(() => Promise.reject(broken)).catch(() => {});
  clock.advance(100);
  const probes = [deferred(), deferred()];
  const running = probes.map(({ promise }) => breaker.execute(() => promise));
  expect(breaker.stats()).toMatchObject({ state: 'half-open', failed: 1 });
  return { clock, breaker, probes, running };
}

test('who times out in the line leaves it, is never called, and counts for nothing', async () => {
  const { clock, breaker, probes, running } = await halfOpen();
  let called = 0;
  const call = pipeline(timeout({ timeoutMs: 50, clock }), breaker).execute(() => {
    called += 1;
  });
  call.catch(() => {});
  expect(breaker.stats().waiting).toBe(1);
  clock.advance(50);
  await expect(call).rejects.toSatisfy(isTimeoutError);
  expect(breaker.stats().waiting).toBe(0);
  for (const probe of probes) probe.resolve('well');
  await Promise.all(running);
  await settled();
  expect(breaker.stats()).toMatchObject({ state: 'closed', failed: 1, succeeded: 2, ignored: 0 });
  expect(called).toBe(0);
});

test('once it runs, a timeout around it is a failure of the probe', async () => {
  const { clock, breaker, probes } = await halfOpen();
  const [probe] = probes;
  const call = pipeline(timeout({ timeoutMs: 50, clock }), breaker).execute(
    (context) =>
      new Promise((_, reject) => {
        context.signal.addEventListener('abort', () => reject(context.signal.reason));
      }),
  );
  call.catch(() => {});
  probe?.resolve('well');
  await settled();
  breaker.reset();
  await settled();
  expect(breaker.stats()).toMatchObject({ state: 'closed', waiting: 0, failed: 1 });
  clock.advance(50);
  await expect(call).rejects.toSatisfy(isTimeoutError);
  await settled();
  expect(breaker.stats()).toMatchObject({ failed: 2, ignored: 0 });
});

test('a caller who goes away while his probe runs is ignored, and leaves no listener', async () => {
  const { breaker, probes, running } = await halfOpen();
  const controller = new AbortController();
  const call = pipeline(timeout({ timeoutMs: 5_000 }), breaker).execute(() => new Promise(() => {}), {
    signal: controller.signal,
  });
  call.catch(() => {});
  for (const probe of probes) probe.resolve('well');
  await Promise.all(running);
  await settled();
  expect(breaker.stats()).toMatchObject({ state: 'closed', waiting: 0 });
  controller.abort(broken);
  await expect(call).rejects.toBe(broken);
  await settled();
  expect(breaker.stats()).toMatchObject({ ignored: 1, failed: 1 });
});
