import { expect, expectTypeOf, test } from 'vitest';
import { CircuitBreaker, CircuitBreakerGroup, type CircuitBreakerOptions } from '../src/index.js';
import { optionFields } from '../src/option-fields.js';
import { fail, succeed } from './helpers.js';

const make = (options: object) =>
  new CircuitBreaker({ name: 'model-a', ...options } as CircuitBreakerOptions);

test.each([
  [{ name: undefined }, 'option "name"'],
  [{ name: '' }, 'option "name"'],
  [
    { openMs: -5 },
    'CircuitBreaker: option "openMs" must be a number of milliseconds from 1 to 2147483647, received -5',
  ],
  [{ openMs: Number.NaN }, 'received NaN'],
  [{ openMs: Infinity }, 'received Infinity'],
  [{ openMs: '5s' }, 'received "5s"'],
  [{ opnMs: 5 }, 'did you mean "openMs"'],
  [{ failureThreshold: 0 }, 'option "failureThreshold"'],
  [{ failureThreshold: 2.5 }, 'option "failureThreshold"'],
  [{ failureRateFloor: 1.1 }, 'option "failureRateFloor"'],
  [{ failureRateThreshold: 0 }, 'option "failureRateThreshold"'],
  [{ failureRateThreshold: 50 }, 'option "failureRateThreshold"'],
  [{ minimumCalls: 10 }, '"minimumCalls" needs failureRateThreshold or slowCallMs beside it'],
  [{ failureRateThreshold: 0.5, minimumCalls: 0 }, 'option "minimumCalls"'],
  [{ consecutiveFailures: 0 }, 'option "consecutiveFailures"'],
  [{ slowCallMs: 0 }, 'option "slowCallMs"'],
  [{ slowCallRateThreshold: 0.5 }, '"slowCallRateThreshold" needs slowCallMs beside it'],
  [{ window: 30_000 }, 'option "window"'],
  [{ window: { ms: 0 } }, 'option "window.ms"'],
  [{ window: { ms: 1_000, buckets: 0 } }, 'option "window.buckets"'],
  [{ window: { calls: 10, ms: 1_000 } }, 'must be { ms, buckets } or { calls }, not both'],
  [{ window: { calls: 4 } }, 'option "failureThreshold" must be at most window.calls (4), received 5'],
  [
    { window: { calls: 8 }, failureRateThreshold: 0.5 },
    'option "minimumCalls" must be at most window.calls (8), received 10',
  ],
  [{ openBackoff: { factor: 0.5 } }, 'option "openBackoff.factor"'],
  [
    { openMs: 5_000, openBackoff: { maxMs: 4_000 } },
    'option "openBackoff.maxMs" must be at least openMs (5000)',
  ],
  [{ openBackoff: { jitterRatio: 2 } }, 'option "openBackoff.jitterRatio"'],
  [{ halfOpen: { probes: 0 } }, 'option "halfOpen.probes"'],
  [
    { halfOpen: { probes: 2, successThreshold: 3 } },
    'option "halfOpen.successThreshold" must be at most halfOpen.probes (2), received 3',
  ],
  [{ halfOpen: { leaseMs: 0 } }, 'option "halfOpen.leaseMs"'],
  [{ halfOpen: { leaseMS: 1 } }, 'did you mean "halfOpen.leaseMs"'],
  [{ ramp: { steps: [] } }, 'option "ramp.steps"'],
  [{ ramp: { steps: [0.1, 2] } }, 'option "ramp.steps[1]"'],
  [{ isFailure: 'always' }, 'option "isFailure" must be a function or { error, result }'],
  [{ isFailure: { error: 1 } }, 'option "isFailure.error"'],
  [{ clock: Date }, 'option "clock"'],
  [{ initialState: 'open' }, 'option "initialState"'],
  [{ initialState: { state: 'ajar' } }, 'option "initialState.state"'],
])('%o is refused', (options, message) => {
  expect(() => make(options)).toThrow(message);
  expect(() => make(options)).toThrow(/^CircuitBreaker: /);
});

test('no options at all are refused by name', () => {
  expect(() => new CircuitBreaker(undefined as unknown as CircuitBreakerOptions)).toThrow('option "name"');
  expect(() => new CircuitBreaker(null as unknown as CircuitBreakerOptions)).toThrow(TypeError);
});

test('a rule of failures can be turned off on purpose', async () => {
  const breaker = make({ failureThreshold: Infinity, slowCallMs: 1_000 });
  await fail(breaker, 100);
  expect(breaker.state).toBe('closed');
});

test('T6 two breakers made with one options object share nothing, and leave it as it was', async () => {
  const options: CircuitBreakerOptions = Object.freeze({
    name: 'shared',
    failureThreshold: 2,
    halfOpen: Object.freeze({ probes: 1 }),
    window: Object.freeze({ ms: 1_000 }),
  });
  const before = JSON.stringify(options);
  const first = new CircuitBreaker(options);
  const second = new CircuitBreaker(options);
  await fail(first, 2);
  await succeed(second);
  expect(first.state).toBe('open');
  expect(second.stats()).toMatchObject({ state: 'closed', succeeded: 1, failed: 0, windowCalls: 1 });
  expect(JSON.stringify(options)).toBe(before);
});

test('T6 options that are changed afterwards change no breaker', async () => {
  const steps = [0.5];
  const halfOpen = { probes: 1 };
  const options = { name: 'copied', failureThreshold: 2, halfOpen, ramp: { steps } };
  const breaker = new CircuitBreaker(options);
  options.failureThreshold = 1;
  options.name = 'other';
  halfOpen.probes = 100;
  steps[0] = 1;
  await fail(breaker);
  expect(breaker.name).toBe('copied');
  expect(breaker.state).toBe('closed');
});

test('every option by its name', () => {
  const options: CircuitBreakerOptions = {
    name: 'all',
    window: { ms: 10_000, buckets: 5 },
    failureThreshold: 4,
    failureRateFloor: 0.25,
    failureRateThreshold: 0.6,
    minimumCalls: 6,
    consecutiveFailures: 3,
    slowCallMs: 500,
    slowCallRateThreshold: 0.7,
    openMs: 2_000,
    openBackoff: { factor: 3, maxMs: 30_000, jitterRatio: 0.1 },
    halfOpen: { probes: 4, successThreshold: 2, leaseMs: 5_000 },
    ramp: { steps: [0.1, 0.25, 0.5], stepMs: 1_000 },
    isFailure: { error: () => true, result: () => false },
    initialState: new CircuitBreaker({ name: 'before' }).toJSON(),
  };
  expect(new CircuitBreaker(options).state).toBe('closed');
  expect(new CircuitBreaker({ ...options, window: { calls: 50 } }).state).toBe('closed');
});

test('an option that is undefined is as if it were left out', () => {
  const unset = Object.fromEntries(Object.keys(optionFields).map((name) => [name, undefined]));
  const breaker = new CircuitBreaker({ ...unset, name: 'unset' });
  expect(breaker.stats()).toEqual(new CircuitBreaker({ name: 'plain' }).stats());
  const { initialState: _, ...ofGroups } = unset;
  new CircuitBreakerGroup({ ...ofGroups, name: 'unset', maxBreakers: undefined, idleMs: undefined });
});

test('the options are typed', () => {
  expectTypeOf<CircuitBreakerOptions>().toHaveProperty('name').toEqualTypeOf<string>();
  const result = (response: Response) => response.status >= 500;
  expectTypeOf({ result }).toMatchTypeOf<NonNullable<CircuitBreakerOptions['isFailure']>>();
});

test('what isFailure receives is unknown until its type is told', () => {
  new CircuitBreaker({
    name: 'typed',
    isFailure: (error) => expectTypeOf(error).toBeUnknown() === undefined,
  });
  const isFailure: CircuitBreakerOptions['isFailure'] = {
    error: (error) => {
      expectTypeOf(error).toBeUnknown();
      return error instanceof TypeError;
    },
    result: (result) => {
      expectTypeOf(result).toBeUnknown();
      return result === null;
    },
  };
  new CircuitBreaker({ name: 'typed', isFailure });
  new CircuitBreaker({ name: 'typed', isFailure: { result: (response: Response) => !response.ok } });
  // @ts-expect-error: a judge says yes or no
  new CircuitBreaker({ name: 'typed', isFailure: { result: (result) => result } });
});
