import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { broken, deferred, makeBreaker, pendingCall, settled } from './helpers.js';

test('T13 callers who abort do not open the circuit, whatever error the function makes of it', async () => {
  const { breaker } = makeBreaker();
  for (let count = 0; count < 10; count += 1) {
    const controller = new AbortController();
    const call = breaker.execute(
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('socket hang up'))),
        ),
      { signal: controller.signal },
    );
    controller.abort();
    await expect(call).rejects.toBe(controller.signal.reason);
  }
  expect(breaker.stats()).toMatchObject({ state: 'closed', ignored: 10, failed: 0, windowCalls: 0 });
});

test('an abort settles the call at once although the function does not listen; what still comes of it is nobody’s', async () => {
  const { breaker } = makeBreaker();
  const controller = new AbortController();
  const work = deferred<string>();
  const call = breaker.execute(() => work.promise, { signal: controller.signal });
  controller.abort(new Error('the visitor left'));
  await expect(call).rejects.toThrow('the visitor left');
  work.reject(broken);
  await settled();
  expect(breaker.stats()).toMatchObject({ ignored: 1, failed: 0, late: 0 });
});

test('a signal that is aborted already keeps the function from being called', async () => {
  const { breaker } = makeBreaker();
  let called = false;
  const signal = AbortSignal.abort();
  const call = breaker.execute(
    () => {
      called = true;
    },
    { signal },
  );
  await expect(call).rejects.toBe(signal.reason);
  expect(called).toBe(false);
  expect(breaker.stats()).toMatchObject({ ignored: 0, rejected: 0 });
});

test('a failure before the abort counts, an abort after the end changes nothing', async () => {
  const { breaker } = makeBreaker();
  const controller = new AbortController();
  const failing = breaker.execute(() => Promise.reject(broken), { signal: controller.signal });
  await expect(failing).rejects.toBe(broken);
  await breaker.execute(async () => 'answer', { signal: controller.signal });
  controller.abort();
  expect(breaker.stats()).toMatchObject({ failed: 1, succeeded: 1, ignored: 0 });
});

test('a function that aborts its caller’s signal itself is ignored', async () => {
  const { breaker } = makeBreaker();
  const controller = new AbortController();
  const call = breaker.execute(
    () => {
      controller.abort();
      throw broken;
    },
    { signal: controller.signal },
  );
  await expect(call).rejects.toBe(controller.signal.reason);
  expect(breaker.stats()).toMatchObject({ ignored: 1, failed: 0 });
});

test('a thousand calls share one listener on a long-lived signal, and leave none', async () => {
  const { breaker } = makeBreaker();
  const { signal } = new AbortController();
  const calls = Array.from({ length: 1_000 }, () => pendingCall(breaker, signal));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const [index, call] of calls.entries()) {
    if (index % 2 === 0) call.resolve('answer');
    else call.reject(broken);
  }
  await settled();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('a rejection by the open circuit leaves no listener', async () => {
  const { breaker } = makeBreaker();
  breaker.isolate();
  const { signal } = new AbortController();
  await expect(breaker.execute(() => 1, { signal })).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('a null signal, as fetch allows, is none', async () => {
  const { breaker } = makeBreaker();
  expect(await breaker.execute(() => 1, { signal: null })).toBe(1);
});

test('what is no signal is a TypeError, and nothing is called', async () => {
  const { breaker } = makeBreaker();
  let called = false;
  const call = breaker.execute(() => (called = true), { signal: 'soon' as unknown as AbortSignal });
  await expect(call).rejects.toThrow(TypeError);
  expect(called).toBe(false);
});
