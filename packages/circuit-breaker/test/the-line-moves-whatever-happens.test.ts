import { getEventListeners } from 'node:events';
import { ManualClock } from '@mainstay/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CircuitBreaker } from '../src/index.js';
import { broken, type Deferred, deferred, settled } from './helpers.js';

const maxQueued = 8;
const timeoutMs = 2_000;

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constant('call' as const), callers: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constantFrom('answer' as const, 'break' as const), which: fc.nat(20) }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('leave' as const), which: fc.nat(20) }) },
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.constantFrom(1, 100, 500, 700) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constantFrom('reset' as const, 'isolate' as const, 'release' as const) }),
  },
);

/** A service of many callers, each with a signal of his own. */
class Service {
  readonly clock = new ManualClock(3);
  readonly breaker = new CircuitBreaker({
    name: 'line',
    ...{ failureThreshold: 2, openMs: 500, openBackoff: { jitterRatio: 0 }, clock: this.clock },
    halfOpen: { probes: 2, successThreshold: 1, leaseMs: 700, waiting: { maxQueued, timeoutMs } },
  });
  readonly running: Deferred<string>[] = [];
  readonly controllers: AbortController[] = [];
  called = 0;
  answered = 0;
  begun = 0;

  call(): void {
    const controller = new AbortController();
    this.controllers.push(controller);
    this.called += 1;
    const answered = () => {
      this.answered += 1;
    };
    const work = (): Promise<string> => {
      this.begun += 1;
      const running = deferred<string>();
      this.running.push(running);
      return running.promise;
    };
    this.breaker.execute(work, { signal: controller.signal }).then(answered, answered);
  }

  end(which: number, how: 'answer' | 'break'): void {
    const [call] = this.running.splice(which % Math.max(1, this.running.length), 1);
    if (how === 'answer') call?.resolve('answer');
    else call?.reject(broken);
  }
}

test('callers who wait, leave, are let in or sent away: each is answered, the line is bounded and moves by two', async () => {
  let everWaited = 0;
  let letIn = 0;
  const property = fc.asyncProperty(fc.array(step, { maxLength: 60, size: '+2' }), async (steps) => {
    const service = new Service();
    const { breaker, clock } = service;
    for (let count = 0; count < 2; count += 1) breaker.tryAcquire()?.failure();
    clock.advance(500);
    for (const one of steps) {
      const { begun } = service;
      if (one.act === 'call') for (let caller = 0; caller < one.callers; caller += 1) service.call();
      else if (one.act === 'wait') clock.advance(one.ms);
      else if (one.act === 'leave')
        service.controllers[one.which % Math.max(1, service.controllers.length)]?.abort();
      else if (one.act === 'answer' || one.act === 'break') service.end(one.which, one.act);
      else breaker[one.act]();
      await settled();
      // What began without being called for just now came from the line: two for a success, a reset or two leases.
      if (one.act !== 'call') {
        expect(service.begun - begun).toBeLessThanOrEqual(2);
        letIn += service.begun - begun;
      }
      const { waiting, state } = breaker.stats();
      everWaited = Math.max(everWaited, waiting);
      expect(waiting).toBeLessThanOrEqual(maxQueued);
      if (state === 'open' || state === 'isolated') expect(waiting).toBe(0);
    }
    clock.advance(timeoutMs);
    await settled();
    expect(breaker.stats().waiting).toBe(0);
    for (const controller of service.controllers) controller.abort();
    await settled();
    expect(service.answered).toBe(service.called);
    for (const { signal } of service.controllers) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    const { succeeded, failed, ignored, late } = breaker.stats();
    expect(succeeded + failed + ignored + late).toBe(service.begun + 2);
  });
  await fc.assert(property, { numRuns: 300 });
  expect(everWaited).toBe(maxQueued);
  expect(letIn).toBeGreaterThan(20);
});
