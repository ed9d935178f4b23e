import { ManualClock } from '@mainstay/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CircuitBreaker, CircuitBreakerGroup } from '../src/index.js';

const maxBreakers = 4;
const idleMs = 1_000;

interface Known {
  breaker: CircuitBreaker;
  usedAt: number;
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g');
const step = fc.oneof(
  fc.record({
    act: fc.constantFrom('succeed', 'succeed', 'fail', 'fail', 'hold', 'isolate', 'release'),
    key,
  }),
  fc.record({ act: fc.constant('wait'), ms: fc.constantFrom(1, 100, 250, 600, 1_500) }),
);

/** The calls of one step, as a service would make them. */
function act(breaker: CircuitBreaker, what: string): void {
  if (what === 'isolate') breaker.isolate();
  else if (what === 'release') breaker.release();
  else {
    const permit = breaker.tryAcquire();
    if (what === 'succeed') permit?.success();
    if (what === 'fail') permit?.failure();
  }
}

interface Eviction {
  gone: Known | undefined;
  reason: string;
  idleForMs: number;
  state: string;
  /** The states of those who were kept. */
  others: string[];
  wasAskedFor: boolean;
}

/** Looked at afterwards: what throws in a listener would change nothing. */
function mustBeRight({ gone, reason, idleForMs, state, others, wasAskedFor }: Eviction): void {
  expect(wasAskedFor).toBe(false);
  // One that was never kept: there was no place, since all were isolated.
  if (gone === undefined) {
    expect(others).toEqual(Array.from({ length: maxBreakers }, () => 'isolated'));
    return;
  }
  expect(state).not.toBe('isolated');
  if (reason === 'idle') expect(idleForMs).toBeGreaterThanOrEqual(idleMs);
  else if (state !== 'closed') expect(others).not.toContain('closed');
}

test('whatever is asked, waited and isolated: the group stays small, gives up by its rules and loses no count', () => {
  const reasons = new Set<string>();
  const property = fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
    const clock = new ManualClock(5);
    const openBackoff = { jitterRatio: 0 };
    const group = new CircuitBreakerGroup({
      ...{ name: 'g', maxBreakers, idleMs, clock, failureThreshold: 2, openMs: 300, openBackoff },
    });
    const known = new Map<string, Known>();
    const made = new Set<CircuitBreaker>();
    let asked: string | undefined;
    group.on('create', ({ breaker }) => made.add(breaker));
    const evictions: Eviction[] = [];
    group.on('evict', ({ key: left, breaker, reason }) => {
      reasons.add(reason);
      const gone = known.get(left)?.breaker === breaker ? known.get(left) : undefined;
      if (gone !== undefined) known.delete(left);
      const others = [...known.values()].map((other) => other.breaker.state);
      const idleForMs = clock.now() - (gone?.usedAt ?? 0);
      evictions.push({ gone, reason, idleForMs, state: breaker.state, others, wasAskedFor: left === asked });
    });
    let counted = 0;
    for (const one of steps) {
      if ('ms' in one) clock.advance(one.ms);
      else {
        asked = known.has(one.key) ? one.key : undefined;
        const breaker = group.get(one.key);
        asked = undefined;
        if (known.has(one.key)) expect(known.get(one.key)?.breaker).toBe(breaker);
        if (group.peek(one.key) === breaker) known.set(one.key, { breaker, usedAt: clock.now() });
        act(breaker, one.act);
      }
      expect(group.size).toBeLessThanOrEqual(maxBreakers);
      expect(new Set(group)).toEqual(new Set([...known.values()].map(({ breaker }) => breaker)));
      const sum = group.stats();
      evictions.splice(0).forEach(mustBeRight);
      const total = sum.succeeded + sum.failed + sum.rejected + sum.stateChanges;
      expect(total).toBeGreaterThanOrEqual(counted);
      counted = total;
      expect(sum.created - sum.evicted).toBe(group.size);
      expect(sum.closed + sum.open + sum.halfOpen + sum.isolated).toBe(sum.breakers);
    }
    expect(group.stats().created).toBe(made.size);
    expect(clock.pendingTimers).toBe(0);
  });
  fc.assert(property, { numRuns: 500 });
  expect(reasons).toEqual(new Set(['full', 'idle']));
});
