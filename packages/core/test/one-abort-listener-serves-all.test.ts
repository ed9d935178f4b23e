import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { abortable, onAbort, throwIfAborted } from '../src/index.js';
import { runChild } from './helpers/child.js';
import { collectWarnings } from './helpers/warnings.js';

const warnings = collectWarnings();
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

test('10,000 callbacks on one signal are one listener, which leaves with the last of them', () => {
  const { signal } = new AbortController();
  const removers = Array.from({ length: 10_000 }, () => onAbort(signal, () => {}));
  expect(listeners(signal)).toBe(1);
  for (const remove of removers.slice(1)) remove();
  expect(listeners(signal)).toBe(1);
  removers[0]?.();
  expect(listeners(signal)).toBe(0);
});

test('Node warns of no leak', async () => {
  const { stderr, stdout } = await runChild(`
    const controller = new AbortController();
    let called = 0;
    for (let i = 0; i < 10_000; i++) core.onAbort(controller.signal, () => { called += 1; });
    for (let i = 0; i < 100; i++) void core.abortable(new Promise(() => {}), controller.signal).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort();
    console.log(called);
  `);
  expect(stderr).toBe('');
  expect(stdout).toBe('10000');
});

test('whoever comes, goes and removes others meanwhile: all that are left are called once, in order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ leaves: fc.boolean(), removes: fc.option(fc.nat()) }), { maxLength: 30 }),
      (callers) => {
        const controller = new AbortController();
        const called: number[] = [];
        const removers: (() => void)[] = callers.map(({ removes }, id) =>
          onAbort(controller.signal, (reason) => {
            expect(reason).toBe('stop');
            called.push(id);
            if (removes !== null) removers[removes % callers.length]?.();
          }),
        );
        const expected = new Set(callers.keys());
        callers.forEach(({ leaves }, id) => {
          if (!leaves) return;
          removers[id]?.();
          expected.delete(id);
        });
        expect(listeners(controller.signal)).toBe(expected.size === 0 ? 0 : 1);
        const order: number[] = [];
        for (const id of [...expected]) {
          if (!expected.has(id)) continue;
          order.push(id);
          const { removes } = callers[id] as { removes: number | null };
          if (removes !== null && removes % callers.length !== id) expected.delete(removes % callers.length);
        }
        controller.abort('stop');
        expect(called).toEqual(order);
        expect(listeners(controller.signal)).toBe(0);
        for (const remove of removers) remove();
      },
    ),
  );
});

test('on a signal that is aborted already, the callback is called before onAbort returns', () => {
  const seen: unknown[] = [];
  const remove = onAbort(AbortSignal.abort('gone'), (reason) => seen.push(reason));
  expect(seen).toEqual(['gone']);
  remove();
});

test('one that comes while the others are being called is called at once', () => {
  const controller = new AbortController();
  const seen: string[] = [];
  onAbort(controller.signal, () => {
    onAbort(controller.signal, () => seen.push('inner'));
    seen.push('outer');
  });
  onAbort(controller.signal, () => seen.push('next'));
  controller.abort();
  expect(seen).toEqual(['inner', 'outer', 'next']);
});

test('without a signal nothing happens', () => {
  onAbort(undefined, () => expect.unreachable())();
  throwIfAborted();
  throwIfAborted(new AbortController().signal);
});

test('a callback that throws is reported, and the others are called', () => {
  const controller = new AbortController();
  const seen: string[] = [];
  onAbort(controller.signal, () => {
    throw new Error('no');
  });
  onAbort(controller.signal, () => seen.push('second'));
  controller.abort();
  expect(seen).toEqual(['second']);
  expect(warnings).toEqual([
    { message: 'A callback of an abort signal threw: no', code: 'MAINSTAY_CALLBACK' },
  ]);
});

test('throwIfAborted throws the reason', () => {
  const reason = new Error('enough');
  expect(() => throwIfAborted(AbortSignal.abort(reason))).toThrow(reason);
});

test('abortable gives the result, or the rejection, and leaves no listener', async () => {
  const { signal } = new AbortController();
  await expect(abortable(Promise.resolve(5), signal)).resolves.toBe(5);
  await expect(abortable(Promise.reject(new Error('own')), signal)).rejects.toThrow('own');
  await expect(abortable(Promise.resolve(6))).resolves.toBe(6);
  expect(listeners(signal)).toBe(0);
});

test('abortable rejects with the reason of the signal, now or later, and leaves no listener', async () => {
  const reason = new Error('enough');
  const controller = new AbortController();
  const waiting = abortable(new Promise(() => {}), controller.signal);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(listeners(controller.signal)).toBe(0);
  await expect(abortable(Promise.resolve(1), controller.signal)).rejects.toBe(reason);
});

test('a rejection that comes after the abort is nobody’s unhandled rejection', async () => {
  const { status, stderr } = await runChild(`
    const controller = new AbortController();
    const late = new Promise((_, reject) => setTimeout(reject, 30, new Error('late')));
    const first = core.abortable(late, controller.signal).catch(() => {});
    controller.abort();
    const second = core.abortable(Promise.reject(new Error('early')), controller.signal).catch(() => {});
    await Promise.all([first, second]);
    await new Promise((resolve) => setTimeout(resolve, 60));
  `);
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
