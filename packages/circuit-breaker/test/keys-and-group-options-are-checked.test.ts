import { expect, test } from 'vitest';
import type { CircuitBreakerGroupOptions } from '../src/index.js';
import { makeGroup } from './helpers.js';

test.each([
  [undefined, TypeError],
  [null, TypeError],
  [42, TypeError],
  [Symbol('a'), TypeError],
  ['', RangeError],
  ['x'.repeat(1_025), RangeError],
])('the key %o is refused, by a throw or a rejection', async (key, kind) => {
  const { group } = makeGroup();
  expect(() => group.get(key as string)).toThrow(kind);
  await expect(group.execute(key as string, () => 1)).rejects.toThrow(kind);
  expect(group.size).toBe(0);
});

test.each([['__proto__'], ['constructor'], ['hosts/a'], ['a b'], ['\u0000']])(
  '%o is a key like any',
  (key) => {
    const { group } = makeGroup();
    expect(group.get(key)).toBe(group.get(key));
    expect(group.get(key).name).toBe(`hosts/${key}`);
  },
);

test.each([
  [{ name: undefined }, 'option "name"'],
  [{ maxBreakers: 0 }, 'option "maxBreakers"'],
  [{ maxBreakers: Infinity }, 'option "maxBreakers"'],
  [{ idleMs: Number.NaN }, 'option "idleMs"'],
  [{ maxBrakers: 1 }, 'did you mean "maxBreakers"'],
  [{ initialState: {} }, 'unknown option "initialState"'],
  [{ openMs: -5 }, 'option "openMs" must be a number of milliseconds from 1 to 2147483647, received -5'],
  [{ window: { calls: 1 } }, 'option "failureThreshold" must be at most window.calls (1)'],
])('the options %o are refused', (options, message) => {
  const make = () => makeGroup(options as Partial<CircuitBreakerGroupOptions>);
  expect(make).toThrow(message);
  expect(make).toThrow(/^CircuitBreakerGroup: /);
});
