import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { expect, test, vi } from 'vitest';
import { FallbackError, fallback, isFallbackError, pipeline } from '../src/index.js';
import { broken } from './helpers.js';

const fail = () => Promise.reject(broken);

test('the first of the chain that answers decides, and each is told what the one before it failed with', async () => {
  const second = new Error('the second model is broken');
  const told: unknown[] = [];
  const policy = fallback(
    (error) => {
      told.push(error);
      throw second;
    },
    async (error) => {
      told.push(error);
      return 'from the cache';
    },
    () => 'never asked',
  );
  expect(await policy.execute(fail)).toBe('from the cache');
  expect(told).toEqual([broken, second]);
  expect(await policy.execute(() => 'healthy')).toBe('healthy');
  expect(policy.stats()).toEqual({ succeeded: 1, recovered: 1, failed: 0, aborted: 0 });
});

test('T17: where all fail the error chains them: the cause is the call’s own, and nothing is unhandled', async () => {
  const thrown = new Error('thrown');
  const rejected = new Error('rejected');
  const policy = fallback(
    () => {
      throw thrown;
    },
    () => Promise.reject(rejected),
  );
  const error = await policy.execute(fail).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FallbackError);
  expect(isFallbackError(error)).toBe(true);
  expect(error).toMatchObject({
    code: 'ERR_FALLBACK_FAILED',
    cause: broken,
    errors: [broken, thrown, rejected],
    message: 'The call and 2 of "fallback" failed, at last: rejected',
  });
  expect(policy.stats()).toMatchObject({ failed: 1 });
});

test('a function that throws what it was given says "not for me"; where all do, the error stays what it was', async () => {
  const policy = fallback(
    (error) => {
      throw error;
    },
    (error) => Promise.reject(error),
  );
  await expect(policy.execute(fail)).rejects.toBe(broken);
});

test('shouldFallback decides about errors and results; where it throws, the default holds', async () => {
  const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const byError = fallback(() => 'instead', { shouldFallback: (error) => error !== broken });
  await expect(byError.execute(fail)).rejects.toBe(broken);
  const byResult = fallback(() => 'instead', {
    shouldFallback: { result: (result: string) => result === '' },
  });
  expect(await byResult.execute(() => '')).toBe('instead');
  expect(await byResult.execute(() => 'good')).toBe('good');
  const buggy = fallback(() => 'instead', {
    shouldFallback: () => {
      throw new Error('a bug');
    },
  });
  expect(await buggy.execute(fail)).toBe('instead');
  expect(warnings).toHaveBeenCalledTimes(1);
  warnings.mockRestore();
});

test('a fallback may be another guard', async () => {
  const second = new CircuitBreaker({ name: 'model-b' });
  const whole = pipeline(
    fallback((_error, { signal }) => second.execute(() => 'from model-b', { signal })),
    new CircuitBreaker({ name: 'model-a' }),
  );
  expect(await whole.execute(fail)).toBe('from model-b');
});

test('a chain needs a function, and nothing but functions', () => {
  expect(() => fallback()).toThrow('fallback: option "functions" must be an array of 1 to 100 items');
  expect(() => fallback(() => 1, 'cache' as never)).toThrow(
    'fallback: option "functions[1]" must be a function, received "cache"',
  );
  expect(() => fallback(() => 1, { shouldFallBack: () => true } as object)).toThrow(
    'did you mean "shouldFallback"?',
  );
});
