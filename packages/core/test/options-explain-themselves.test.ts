import fc from 'fast-check';
import { expect, test } from 'vitest';
import { invalidOption, option, readOptions } from '../src/index.js';

const fields = {
  name: option.string({ maxLength: 100, default: 'default' }),
  openMs: option.milliseconds({ min: 1, default: 5_000 }),
  failureThreshold: option.integer({ min: 1, max: 1_000, default: 5 }),
  failureRateThreshold: option.ratio({ default: 0.5 }),
  factor: option.number({ min: 1, default: 2 }),
  ceiling: option.number({ max: 10, default: 2 }),
  maxLifetimeMs: option.milliseconds({ default: Number.POSITIVE_INFINITY, allowInfinity: true }),
  latency: option.boolean({ default: false }),
  state: option.oneOf(['closed', 'open'], { default: 'closed' }),
  isFailure: option.func<(error: unknown) => boolean>({ optional: true }),
  client: option.instance<{ get(key: string): unknown }>({
    optional: true,
    methods: ['get'],
    expected: 'a client',
  }),
  halfOpen: option.object({
    probes: option.integer({ min: 1, default: 1 }),
    leaseMs: option.milliseconds({ default: 1_000 }),
  }),
  ramp: option.object({ steps: option.array(option.ratio()) }, { optional: true }),
  checks: option.array(option.object({ name: option.string() }), { maxLength: 2 }),
  password: option.string({ optional: true, secret: true, minLength: 8 }),
  jitter: option.custom<number | 'full'>(
    'a number or "full"',
    (value) => value === 'full' || typeof value === 'number',
    {
      default: 'full',
    },
  ),
};

function messageOf(options: unknown): string {
  try {
    readOptions('CircuitBreaker', options, fields);
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'accepted';
}

test.each<[unknown, string]>([
  [
    { openMs: -5 },
    'RangeError: CircuitBreaker: option "openMs" must be a number of milliseconds from 1 to 2147483647, received -5',
  ],
  [
    { openMs: Number.NaN },
    'RangeError: CircuitBreaker: option "openMs" must be a number of milliseconds from 1 to 2147483647, received NaN',
  ],
  [
    { openMs: Number.POSITIVE_INFINITY },
    'RangeError: CircuitBreaker: option "openMs" must be a number of milliseconds from 1 to 2147483647, received Infinity',
  ],
  [
    { openMs: '5' },
    'TypeError: CircuitBreaker: option "openMs" must be a number of milliseconds from 1 to 2147483647, received "5"',
  ],
  [
    { openMs: null },
    'TypeError: CircuitBreaker: option "openMs" must be a number of milliseconds from 1 to 2147483647, received null',
  ],
  [
    { openMs: 5n },
    'TypeError: CircuitBreaker: option "openMs" must be a number of milliseconds from 1 to 2147483647, received 5n',
  ],
  [
    { maxLifetimeMs: -1 },
    'RangeError: CircuitBreaker: option "maxLifetimeMs" must be a number of milliseconds from 0 to 2147483647, or Infinity, received -1',
  ],
  [{ maxLifetimeMs: Number.POSITIVE_INFINITY }, 'accepted'],
  [
    { failureThreshold: 1.5 },
    'RangeError: CircuitBreaker: option "failureThreshold" must be a whole number from 1 to 1000, received 1.5',
  ],
  [
    { failureRateThreshold: 50 },
    'RangeError: CircuitBreaker: option "failureRateThreshold" must be a number from 0 to 1, received 50',
  ],
  [
    { factor: 0.5 },
    'RangeError: CircuitBreaker: option "factor" must be a number of at least 1, received 0.5',
  ],
  [
    { ceiling: 11 },
    'RangeError: CircuitBreaker: option "ceiling" must be a number of at most 10, received 11',
  ],
  [{ latency: 'yes' }, 'TypeError: CircuitBreaker: option "latency" must be true or false, received "yes"'],
  [
    { state: 'half' },
    'TypeError: CircuitBreaker: option "state" must be one of "closed", "open", received "half"',
  ],
  [{ isFailure: {} }, 'TypeError: CircuitBreaker: option "isFailure" must be a function, received an object'],
  [
    { latency: () => {} },
    'TypeError: CircuitBreaker: option "latency" must be true or false, received a function',
  ],
  [{ latency: [] }, 'TypeError: CircuitBreaker: option "latency" must be true or false, received an array'],
  [
    { latency: Symbol('x') },
    'TypeError: CircuitBreaker: option "latency" must be true or false, received a symbol',
  ],
  [
    { client: {} },
    'TypeError: CircuitBreaker: option "client" must be a client with the methods get(), received an object',
  ],
  [{ client: new Map() }, 'accepted'],
  [
    { name: '' },
    'RangeError: CircuitBreaker: option "name" must be a string of 1 to 100 characters, received ""',
  ],
  [
    { name: 'x'.repeat(101) },
    `RangeError: CircuitBreaker: option "name" must be a string of 1 to 100 characters, received "${'x'.repeat(40)}"… (101 characters)`,
  ],
  [
    { halfOpen: { leaseMs: -1 } },
    'RangeError: CircuitBreaker: option "halfOpen.leaseMs" must be a number of milliseconds from 0 to 2147483647, received -1',
  ],
  [{ halfOpen: 3 }, 'TypeError: CircuitBreaker: option "halfOpen" must be an object, received 3'],
  [{ halfOpen: null }, 'TypeError: CircuitBreaker: option "halfOpen" must be an object, received null'],
  [
    { halfOpen: { leasMs: 1 } },
    'TypeError: CircuitBreaker: unknown option "halfOpen.leasMs", did you mean "halfOpen.leaseMs"?',
  ],
  [
    { ramp: { steps: [0.1, 2] } },
    'RangeError: CircuitBreaker: option "ramp.steps[1]" must be a number from 0 to 1, received 2',
  ],
  [
    { checks: [{ name: 'a' }, {}] },
    'TypeError: CircuitBreaker: option "checks[1].name" must be a string of 1 to 1000 characters, received undefined',
  ],
  [
    { checks: 'a' },
    'TypeError: CircuitBreaker: option "checks" must be an array of 0 to 2 items, received "a"',
  ],
  [
    { checks: [1, 2, 3] },
    'RangeError: CircuitBreaker: option "checks" must be an array of 0 to 2 items (it has 3), received an array',
  ],
  [
    { password: 'hunter2' },
    'RangeError: CircuitBreaker: option "password" must be a string of 8 to 1000 characters, received a hidden string',
  ],
  [
    { password: 1234 },
    'TypeError: CircuitBreaker: option "password" must be a string of 8 to 1000 characters, received a hidden number',
  ],
  [
    { jitter: 'half' },
    'TypeError: CircuitBreaker: option "jitter" must be a number or "full", received "half"',
  ],
  [null, 'TypeError: CircuitBreaker: options must be an object, received null'],
  [[], 'TypeError: CircuitBreaker: options must be an object, received an array'],
  ['x', 'TypeError: CircuitBreaker: options must be an object, received "x"'],
  [5, 'TypeError: CircuitBreaker: options must be an object, received 5'],
  [() => {}, 'TypeError: CircuitBreaker: options must be an object, received a function'],
  [{ openMS: 5 }, 'TypeError: CircuitBreaker: unknown option "openMS", did you mean "openMs"?'],
  [{ opneMs: 5 }, 'TypeError: CircuitBreaker: unknown option "opneMs", did you mean "openMs"?'],
  [
    { failureTreshold: 5 },
    'TypeError: CircuitBreaker: unknown option "failureTreshold", did you mean "failureThreshold"?',
  ],
])('%o: %s', (options, message) => {
  expect(messageOf(options)).toBe(message);
});

test('an unknown option that resembles none is answered with those that exist', () => {
  expect(() => readOptions('Pool', { timeout: 5 }, { min: option.integer(), max: option.integer() })).toThrow(
    new TypeError('Pool: unknown option "timeout", the options are "min", "max"'),
  );
});

test('a missing option that is required is named', () => {
  expect(() => readOptions('Pool', {}, { max: option.integer({ min: 1 }) })).toThrow(
    new TypeError('Pool: option "max" must be a whole number of at least 1, received undefined'),
  );
});

test('undefined is the same as absent, for known and unknown options alike', () => {
  const all = readOptions('CircuitBreaker', undefined, fields);
  expect(readOptions('CircuitBreaker', {}, fields)).toEqual(all);
  expect(
    readOptions('CircuitBreaker', { openMs: undefined, halfOpen: undefined, typo: undefined }, fields),
  ).toEqual(all);
  expect(all).toEqual({
    name: 'default',
    openMs: 5_000,
    failureThreshold: 5,
    failureRateThreshold: 0.5,
    factor: 2,
    ceiling: 2,
    maxLifetimeMs: Number.POSITIVE_INFINITY,
    latency: false,
    state: 'closed',
    isFailure: undefined,
    client: undefined,
    halfOpen: { probes: 1, leaseMs: 1_000 },
    ramp: undefined,
    checks: [],
    password: undefined,
    jitter: 'full',
  });
});

test('the result is a frozen copy, and what was received is not touched', () => {
  const received = { halfOpen: { probes: 2 }, checks: [{ name: 'a' }] };
  const before = structuredClone(received);
  const options = readOptions('CircuitBreaker', received, fields);
  expect(received).toEqual(before);
  expect(Object.isFrozen(received.halfOpen)).toBe(false);
  received.halfOpen.probes = 99;
  received.checks.push({ name: 'b' });
  expect(options.halfOpen).toEqual({ probes: 2, leaseMs: 1_000 });
  expect(options.checks).toEqual([{ name: 'a' }]);
  for (const part of [options, options.halfOpen, options.checks, options.checks[0]]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

test('an instance is passed on itself', () => {
  const client = { get: () => 1 };
  expect(readOptions('Cache', { client }, { client: option.instance<typeof client>() }).client).toBe(client);
});

test('neither a polluted prototype nor a key named __proto__ sets an option', () => {
  Object.defineProperty(Object.prototype, 'openMs', {
    value: 1,
    configurable: true,
    enumerable: true,
    writable: true,
  });
  try {
    expect(readOptions('CircuitBreaker', {}, fields).openMs).toBe(5_000);
  } finally {
    delete (Object.prototype as { openMs?: number }).openMs;
  }
  const hostile: unknown = JSON.parse('{"__proto__": {"openMs": 1}}');
  expect(() => readOptions('CircuitBreaker', hostile, fields)).toThrow('unknown option "__proto__"');
  expect(messageOf(Object.assign(Object.create(null), { constructor: 1 }))).toContain(
    'unknown option "constructor"',
  );
  expect(messageOf(Object.assign(Object.create(null), { openMs: 7 }))).toBe('accepted');
});

test('each option is read once, so that it cannot be one thing for the check and another afterwards', () => {
  let reads = 0;
  const received = {
    get openMs() {
      reads += 1;
      return reads === 1 ? 10 : -1;
    },
  };
  expect(readOptions('CircuitBreaker', received, fields).openMs).toBe(10);
  expect(reads).toBe(1);
});

test('whatever is received, the answer is the options or a TypeError or RangeError of one bounded line', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom(...Object.keys(fields)), fc.anything())),
      (received) => {
        try {
          expect(Object.isFrozen(readOptions('CircuitBreaker', received, fields))).toBe(true);
        } catch (error) {
          expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
          const { message } = error as Error;
          expect(message.startsWith('CircuitBreaker: ')).toBe(true);
          expect(message.includes('\n')).toBe(false);
          expect(message.length).toBeLessThan(1_000);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test('checks across options speak the same way', () => {
  expect(invalidOption('Pool', 'max', 'must be at least min (5)', 2, 'range')).toEqual(
    new RangeError('Pool: option "max" must be at least min (5), received 2'),
  );
});
