import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { expect, expectTypeOf, test } from 'vitest';
import { chaos } from '../src/chaos.js';
import { resilientFetch } from '../src/fetch.js';
import {
  adaptiveConcurrency,
  bulkhead,
  constantBackoff,
  decorrelatedJitter,
  type FallbackOptions,
  fallback,
  fullJitter,
  hedge,
  pipeline,
  RetryBudget,
  retry,
  throttle,
  timeout,
} from '../src/index.js';
import { resilientInterceptor } from '../src/undici.js';

const makers: Record<string, (options: never) => unknown> = {
  retry,
  timeout,
  bulkhead,
  hedge,
  adaptiveConcurrency,
  throttle,
  chaos,
  decorrelatedJitter,
  fullJitter,
  fallback: (options) => fallback(() => 1, options),
  RetryBudget: (options) => new RetryBudget(options),
  resilientFetch: (options) => resilientFetch(retry(), options),
  resilientInterceptor: (options) => resilientInterceptor(retry(), options),
  constantBackoff: (options) => constantBackoff(options),
};

/** Maker, options, the kind of error, and what its message says. */
const wrong: [string, unknown, 'TypeError' | 'RangeError', string][] = [
  [
    'retry',
    { maxAttempts: 0 },
    'RangeError',
    'retry: option "maxAttempts" must be a whole number from 1 to 1000000, received 0',
  ],
  ['retry', { maxAttempts: Number.NaN }, 'RangeError', 'received NaN'],
  ['retry', { maxAttempts: '3' }, 'TypeError', 'received "3"'],
  ['retry', { maxAttempt: 3 }, 'TypeError', 'did you mean "maxAttempts"?'],
  ['retry', { backoff: { baseMs: -1 } }, 'RangeError', 'option "backoff.baseMs"'],
  [
    'retry',
    { backoff: { baseMs: 500, maxMs: 100 } },
    'RangeError',
    'option "backoff.maxMs" must be at least backoff.baseMs (500), received 100',
  ],
  ['retry', { backoff: { base: 1 } }, 'TypeError', 'backoff.base'],
  ['retry', { backoff: 100 }, 'TypeError', 'option "backoff"'],
  [
    'retry',
    { shouldRetry: true },
    'TypeError',
    'option "shouldRetry" must be a function or { error, result }, received true',
  ],
  ['retry', { shouldRetry: { result: 1 } }, 'TypeError', 'option "shouldRetry.result"'],
  [
    'retry',
    { budget: {} },
    'TypeError',
    'option "budget" must be a RetryBudget or false, received an object',
  ],
  ['retry', { maxRetryAfterMs: Number.POSITIVE_INFINITY }, 'RangeError', 'received Infinity'],
  ['retry', { clock: {} }, 'TypeError', 'option "clock" must be a clock'],
  ['retry', null, 'TypeError', 'retry: options must be an object, received null'],
  ['timeout', undefined, 'TypeError', 'option "timeoutMs"'],
  [
    'timeout',
    {},
    'TypeError',
    'timeout: option "timeoutMs" must be a number of milliseconds from 1 to 9007199254740991, received undefined',
  ],
  ['timeout', { timeoutMs: 0 }, 'RangeError', 'received 0'],
  ['timeout', { timeoutMs: Number.NaN }, 'RangeError', 'received NaN'],
  ['timeout', { timeoutMs: Number.POSITIVE_INFINITY }, 'RangeError', 'received Infinity'],
  ['timeout', { timeoutMs: 1, name: '' }, 'RangeError', 'option "name"'],
  ['bulkhead', {}, 'TypeError', 'option "maxConcurrent"'],
  ['bulkhead', { maxConcurrent: 1.5 }, 'RangeError', 'received 1.5'],
  ['bulkhead', { maxConcurrent: 1, maxQueued: -1 }, 'RangeError', 'option "maxQueued"'],
  [
    'bulkhead',
    { maxConcurrent: 1, releaseOn: 'abort' },
    'TypeError',
    'option "releaseOn" must be one of "settle", "timeout", received "abort"',
  ],
  ['hedge', {}, 'TypeError', 'hedge: option "delayMs" is needed, or quantile'],
  [
    'hedge',
    { quantile: 1 },
    'RangeError',
    'option "quantile" must be a number from 0.5 to 0.999, received 1',
  ],
  ['hedge', { delayMs: -1 }, 'RangeError', 'option "delayMs"'],
  ['hedge', { delayMs: 1, maxHedges: 11 }, 'RangeError', 'option "maxHedges"'],
  ['fallback', { shouldFallback: 1 }, 'TypeError', 'option "shouldFallback"'],
  [
    'adaptiveConcurrency',
    { minLimit: 30, initialLimit: 20 },
    'RangeError',
    'option "minLimit" must be at most initialLimit (20), received 30',
  ],
  [
    'adaptiveConcurrency',
    { maxLimit: 10, initialLimit: 20 },
    'RangeError',
    'option "maxLimit" must be at least initialLimit (20), received 10',
  ],
  ['adaptiveConcurrency', { tolerance: 0.5 }, 'RangeError', 'option "tolerance"'],
  ['adaptiveConcurrency', { eventLoopDelay: { maxMs: 0 } }, 'RangeError', 'option "eventLoopDelay.maxMs"'],
  [
    'throttle',
    { multiplier: 0.9 },
    'RangeError',
    'option "multiplier" must be a number from 1 to 100, received 0.9',
  ],
  ['throttle', { maxRejectionRate: 1 }, 'RangeError', 'option "maxRejectionRate"'],
  ['RetryBudget', { ratio: -0.1 }, 'RangeError', 'RetryBudget: option "ratio"'],
  ['RetryBudget', { windowMs: 0 }, 'RangeError', 'option "windowMs"'],
  [
    'decorrelatedJitter',
    { maxMs: 10 },
    'RangeError',
    'decorrelatedJitter: option "maxMs" must be at least baseMs (100), received 10',
  ],
  ['fullJitter', { random: 1 }, 'TypeError', 'option "random"'],
  ['constantBackoff', -1, 'RangeError', 'option "delayMs"'],
  ['chaos', { latency: { rate: 2, maxMs: 1 } }, 'RangeError', 'chaos: option "latency.rate"'],
  [
    'chaos',
    { latency: { rate: 1, minMs: 2, maxMs: 1 } },
    'RangeError',
    'option "latency.minMs" must be at most latency.maxMs (1), received 2',
  ],
  ['chaos', { outcome: { rate: 1 } }, 'TypeError', 'option "outcome.result"'],
  [
    'chaos',
    { enabled: 'yes' },
    'TypeError',
    'option "enabled" must be true, false or a function, received "yes"',
  ],
  ['resilientFetch', { fetch: 1 }, 'TypeError', 'resilientFetch: option "fetch"'],
  ['resilientInterceptor', { isFailure: 1 }, 'TypeError', 'resilientInterceptor: option "isFailure"'],
];

test.each(wrong)('%s with %j is a %s that says what is allowed', (maker, options, kind, message) => {
  let thrown: unknown;
  try {
    makers[maker]?.(options as never);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ name: kind });
  expect(String(thrown)).toContain(message);
});

test('adaptive limits move out of the way of the one that is given', () => {
  expect(adaptiveConcurrency({ initialLimit: 1 }).stats().limit).toBe(1);
  expect(adaptiveConcurrency({ initialLimit: 500 }).stats().limit).toBe(500);
  expect(adaptiveConcurrency({ maxLimit: 3 }).stats().limit).toBe(3);
  expect(adaptiveConcurrency({ minLimit: 50 }).stats().limit).toBe(50);
});

test('T6: options are copied: two policies of one object share nothing, and it is left as it was', async () => {
  const options = Object.freeze({ name: 'shared', maxConcurrent: 1 });
  const [one, two] = [bulkhead(options), bulkhead(options)];
  one.execute(() => new Promise(() => {})).catch(() => {});
  expect(await two.execute(() => 'free')).toBe('free');
  const changing = { timeoutMs: 50, name: 'before' };
  const policy = timeout(changing);
  changing.timeoutMs = 1;
  expect([policy.timeoutMs, policy.name]).toEqual([50, 'before']);
});

test('resilientFetch and resilientInterceptor need something with execute', () => {
  expect(() => resilientFetch(null as never)).toThrow('resilientFetch: takes a pipeline, received object');
  expect(() => resilientInterceptor(7 as never)).toThrow(
    'resilientInterceptor: takes a pipeline, received number',
  );
});

test('every option that the policies are known by', async () => {
  const budget = new RetryBudget({ ratio: 0.1, minPerSecond: 5, windowMs: 5_000 });
  const breaker = new CircuitBreaker({ name: 'model-a' });
  const whole = pipeline(
    fallback(() => 'yesterday'),
    throttle({ multiplier: 3, windowMs: 60_000, maxRejectionRate: 0.8 }),
    adaptiveConcurrency({ minLimit: 2, initialLimit: 10, maxLimit: 100, tolerance: 2, maxQueued: 10 }),
    retry({ maxAttempts: 3, backoff: { baseMs: 100, maxMs: 1_000 }, shouldRetry: () => true, budget }),
    retry({ backoff: (attempt) => attempt * 100 }),
    breaker,
    hedge({ delayMs: 1_000, maxHedges: 2, budget }),
    hedge({ quantile: 0.95 }),
    bulkhead({ maxConcurrent: 10, maxQueued: 20 }),
    timeout({ timeoutMs: 5_000 }),
  );
  const { signal } = new AbortController();
  expect(await whole.execute((context) => context.signal.aborted, { signal })).toBe(false);
  expect(breaker.stats().succeeded).toBe(1);
});

test('an option that is undefined is as if it were left out', () => {
  const name = undefined;
  const clock = undefined;
  const made = [
    retry({
      name,
      clock,
      maxAttempts: undefined,
      backoff: undefined,
      shouldRetry: undefined,
      budget: undefined,
    }),
    retry({
      backoff: { baseMs: undefined, maxMs: undefined },
      shouldRetry: { error: undefined, result: undefined },
    }),
    timeout({ name, clock, timeoutMs: 1 }),
    bulkhead({
      name,
      clock,
      maxConcurrent: 1,
      maxQueued: undefined,
      maxWaitMs: undefined,
      releaseOn: undefined,
    }),
    hedge({ name, clock, delayMs: 1, quantile: undefined, maxHedges: undefined, budget: undefined }),
    fallback(() => 1, { name, shouldFallback: undefined }),
    adaptiveConcurrency({
      name,
      clock,
      minLimit: undefined,
      eventLoopDelay: { maxMs: undefined, read: undefined },
    }),
    throttle({ name, clock, multiplier: undefined, isRejection: undefined }),
    chaos({ name, clock, enabled: undefined, latency: undefined, fault: { rate: 0, error: undefined } }),
    new RetryBudget({ name, clock, ratio: undefined, minPerSecond: undefined, windowMs: undefined }),
  ];
  expect(made.map((policy) => policy.name)).toEqual(made.map(({ kind }) => kind));
});

test('what the judges receive is unknown until its type is told', () => {
  retry({
    shouldRetry: {
      error: (error, attempt) => {
        expectTypeOf(error).toBeUnknown();
        expectTypeOf(attempt).toEqualTypeOf<number>();
        return true;
      },
      result: (result, attempt) => {
        expectTypeOf(result).toBeUnknown();
        expectTypeOf(attempt).toEqualTypeOf<number>();
        return result === undefined;
      },
    },
  });
  retry({ shouldRetry: { result: (response: Response) => response.status === 409 } });
  throttle({ isRejection: { result: (result) => expectTypeOf(result).toBeUnknown() === undefined } });
  const shouldFallback: FallbackOptions['shouldFallback'] = { result: (rows: string[]) => rows.length === 0 };
  fallback(() => [], { shouldFallback });
  // @ts-expect-error: a judge says yes or no
  retry({ shouldRetry: { result: (result) => result } });
});
