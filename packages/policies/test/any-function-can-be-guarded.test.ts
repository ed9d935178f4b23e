import { expect, test, vi } from 'vitest';
import { fallback, retry, type Work } from '../src/index.js';
import { broken, everyPolicy, settled, stateOf } from './helpers.js';

for (const name of Object.keys(everyPolicy())) {
  const policy = () => everyPolicy()[name] as NonNullable<ReturnType<typeof everyPolicy>[string]>;

  test(`${name}: what is no function is a rejection with a TypeError, not a throw`, async () => {
    for (const [received, shown] of [
      [undefined, 'undefined'],
      [null, 'null'],
      [42, 'number'],
    ] as const) {
      const call = policy().execute(received as unknown as Work<void>);
      await expect(call).rejects.toThrow(
        new TypeError(`${policy().kind}: execute takes a function, received ${shown}`),
      );
    }
    expect(() => policy().wrap(7 as unknown as () => void)).toThrow(TypeError);
  });

  test(`${name}: T5, a value that is no promise is a result, undefined too`, async () => {
    expect(await policy().execute(() => undefined)).toBe(undefined);
    expect(await policy().execute(() => 0)).toBe(0);
  });

  test(`${name}: a throw is a rejection with what was thrown`, async () => {
    const call = policy().execute(() => {
      throw broken;
    });
    await expect(call).rejects.toBe(broken);
    await expect(policy().execute(() => Promise.reject(undefined))).rejects.toBe(undefined);
  });

  test(`${name}: T18, a foreign thenable is followed, once, and whatever it throws is a rejection`, async () => {
    const twice = {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
      then(resolve: (value: string) => void, reject: (error: unknown) => void) {
        resolve('first');
        resolve('second');
        reject(broken);
      },
    };
    expect(await policy().execute(() => twice as PromiseLike<string>)).toBe('first');
    const hostile = {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
      get then(): never {
        throw broken;
      },
    };
    await expect(policy().execute(() => hostile)).rejects.toBe(broken);
  });

  test(`${name}: a call that never settles settles for its caller when that aborts, and not before`, async () => {
    const controller = new AbortController();
    const call = policy().execute(() => new Promise(() => {}), { signal: controller.signal });
    expect(await stateOf(call)).toBe('pending');
    controller.abort(broken);
    expect(await stateOf(call)).toEqual({ error: broken });
  });

  test(`${name}: a call may call the same policy`, async () => {
    const guard = policy();
    expect(await guard.execute(async () => `outer ${await guard.execute(() => 'inner')}`)).toBe(
      'outer inner',
    );
  });

  test(`${name}: wrap keeps this and the parameters`, async () => {
    const account = {
      balance: 3,
      async plus(this: { balance: number }, more: number) {
        return this.balance + more;
      },
    };
    const plus = policy().wrap(account.plus);
    expect(await plus.call(account, 4)).toBe(7);
  });

  test(`${name}: a signal that is none is a TypeError`, async () => {
    const call = policy().execute(() => 1, { signal: {} as AbortSignal });
    await expect(call).rejects.toThrow(`${policy().kind}: signal must be an AbortSignal, received object`);
  });

  test(`${name}: an aborted signal keeps fn from being called`, async () => {
    let calls = 0;
    const call = policy().execute(() => calls++, { signal: AbortSignal.abort(broken) });
    await expect(call).rejects.toBe(broken);
    await settled();
    expect(calls).toBe(0);
  });

  test(`${name}: kind, name and a flat snapshot say what it is and what it did`, async () => {
    const guard = policy();
    await guard.execute(() => 1);
    expect(typeof guard.kind).toBe('string');
    expect(guard.name.length).toBeGreaterThan(0);
    const stats = guard.stats() as Record<string, unknown>;
    for (const value of Object.values(stats)) expect(typeof value).toBe('number');
    expect(stats.succeeded ?? stats.calls).toBe(1);
    expect(guard.stats()).not.toBe(stats);
  });
}

test('a judge that returns a promise decides nothing: the default holds, with one warning', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const later = (() => Promise.reject(new Error('nobody waits for it'))) as unknown as () => boolean;
  let calls = 0;
  const work = () => {
    calls += 1;
    return Promise.reject(broken);
  };
  const retried = retry({ shouldRetry: { error: later, result: later } });
  await expect(retried.execute(work)).rejects.toBe(broken);
  expect([await retried.execute(() => 'good'), calls]).toEqual(['good', 1]);
  const replaced = fallback(() => 'instead', { shouldFallback: later });
  expect(await replaced.execute(work)).toBe('instead');
  await settled();
  expect(warn.mock.calls.map(([message]) => message)).toEqual([
    'shouldRetry returned a promise, must return true or false; the default was used instead',
  ]);
  warn.mockRestore();
});
