import { expect, expectTypeOf, test } from 'vitest';
import { CircuitBreaker } from '../src/index.js';
import { broken, fail, makeBreaker, settled } from './helpers.js';

test('T5 a synchronous function that returns undefined is a success', async () => {
  const { breaker } = makeBreaker();
  for (let count = 0; count < 10; count += 1) {
    await expect(breaker.execute(() => undefined)).resolves.toBeUndefined();
  }
  expect(breaker.stats()).toMatchObject({ state: 'closed', succeeded: 10, failed: 0 });
});

// biome-ignore lint/suspicious/noThenProperty: this is what the test is about
const notThenable = { then: 'no function' };

test.each([[null], [0], [''], ['text'], [42n], [notThenable]])(
  '%o that is returned is passed on',
  async (value) => {
    const { breaker } = makeBreaker();
    expect(await breaker.execute(() => value)).toBe(value);
    expect(breaker.stats().succeeded).toBe(1);
  },
);

test('what is no function is rejected with a TypeError and says nothing about the dependency', async () => {
  const { breaker } = makeBreaker();
  for (const wrong of [undefined, null, 42, {}, Promise.resolve(1)]) {
    const call = breaker.execute(wrong as unknown as () => number);
    await expect(call).rejects.toThrow(TypeError);
  }
  expect(breaker.stats()).toMatchObject({ succeeded: 0, failed: 0, windowCalls: 0 });
  expect(() => breaker.wrap('text' as unknown as () => number)).toThrow(
    'CircuitBreaker: wrap takes a function, received string',
  );
});

test('a synchronous throw is a failure and comes out as a rejection', async () => {
  const { breaker } = makeBreaker();
  const thrower = (): number => {
    throw broken;
  };
  await expect(breaker.execute(thrower)).rejects.toBe(broken);
  await expect(breaker.execute(thrower, { signal: new AbortController().signal })).rejects.toBe(broken);
  expect(breaker.stats()).toMatchObject({ state: 'open', failed: 2 });
});

test('whatever is thrown is passed on as it is', async () => {
  const { breaker } = makeBreaker({ failureThreshold: 100 });
  for (const thrown of [undefined, null, 0, 'text']) {
    await expect(breaker.execute(() => Promise.reject(thrown))).rejects.toBe(thrown);
  }
  expect(breaker.stats().failed).toBe(4);
});

test('T18 a foreign thenable is awaited like a promise', async () => {
  const { breaker } = makeBreaker();
  // biome-ignore lint/suspicious/noThenProperty: this is what the test is about
  const answering = { then: (resolve: (value: number) => void) => resolve(42) } as PromiseLike<number>;
  const failing = {
    // biome-ignore lint/suspicious/noThenProperty: this is what the test is about
    then: (_: unknown, reject: (error: unknown) => void) => reject(broken),
  } as PromiseLike<number>;
  expect(await breaker.execute(() => answering)).toBe(42);
  await expect(breaker.execute(() => failing)).rejects.toBe(broken);
  expect(breaker.stats()).toMatchObject({ succeeded: 1, failed: 1 });
});

test('T18 a thenable that calls back twice, and throws as well, is counted once', async () => {
  const { breaker } = makeBreaker();
  const rude = {
    // biome-ignore lint/suspicious/noThenProperty: this is what the test is about
    then(resolve: (value: number) => void, reject: (error: unknown) => void) {
      resolve(1);
      resolve(2);
      reject(broken);
      throw broken;
    },
  } as PromiseLike<number>;
  expect(await breaker.execute(() => rude)).toBe(1);
  expect(breaker.stats()).toMatchObject({ succeeded: 1, failed: 0 });
});

test('a function that calls the same breaker is counted twice, inner call first', async () => {
  const { breaker } = makeBreaker();
  expect(await breaker.execute(() => breaker.execute(async () => 'inner'))).toBe('inner');
  expect(breaker.stats().succeeded).toBe(2);
});

test('a probe that calls the same breaker is turned away inside and makes no stampede', async () => {
  const { breaker, clock } = makeBreaker();
  await fail(breaker, 2);
  clock.advance(1_000);
  let made = 0;
  const call = breaker.execute(() => {
    made += 1;
    return breaker.execute(() => {
      made += 1;
    });
  });
  await expect(call).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN', state: 'half-open' });
  expect(made).toBe(1);
  expect(breaker.state).toBe('open');
});

test('a call that never settles is in no statistics and is in the way of nobody', async () => {
  const { breaker } = makeBreaker();
  for (let count = 0; count < 100; count += 1) breaker.execute(() => new Promise(() => {}));
  await settled();
  expect(await breaker.execute(async () => 'answer')).toBe('answer');
  expect(breaker.stats()).toMatchObject({ succeeded: 1, windowCalls: 1 });
});

test('the signal in the context is the caller’s, or one that nobody aborts', async () => {
  const { breaker } = makeBreaker();
  const { signal } = new AbortController();
  expect(await breaker.execute((context) => context.signal, { signal })).toBe(signal);
  const own = await breaker.execute((context) => [context.signal, context.signal]);
  expect(own[0]).toBeInstanceOf(AbortSignal);
  expect(own[0]).toBe(own[1]);
  expect(own[0]?.aborted).toBe(false);
});

test('wrap keeps parameters, `this` and result', async () => {
  const { breaker } = makeBreaker();
  const service = {
    factor: 3,
    times: breaker.wrap(function (this: { factor: number }, value: number, unit: string) {
      return Promise.resolve(`${this.factor * value} ${unit}`);
    }),
  };
  expect(await service.times(14, 'ms')).toBe('42 ms');
  expectTypeOf(service.times).parameters.toEqualTypeOf<[number, string]>();
  expectTypeOf(service.times).returns.toEqualTypeOf<Promise<string>>();
});

test('wrap turns a synchronous function into one that returns a promise', async () => {
  const { breaker } = makeBreaker();
  const parse = breaker.wrap((text: string): { value: number } => JSON.parse(text));
  expectTypeOf(parse).toEqualTypeOf<(text: string) => Promise<{ value: number }>>();
  expect(await parse('{"value":1}')).toEqual({ value: 1 });
  await expect(parse('{')).rejects.toThrow(SyntaxError);
});

test('execute keeps the type of what the function returns', () => {
  const breaker = new CircuitBreaker({ name: 'types' });
  expectTypeOf(breaker.execute(async () => 42)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(breaker.execute(() => 'text')).toEqualTypeOf<Promise<string>>();
  expectTypeOf(breaker.execute(({ signal }) => fetch('data:,', { signal }))).toEqualTypeOf<
    Promise<Response>
  >();
});
