import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Events } from '../src/index.js';
import { collectWarnings } from './helpers/warnings.js';

interface Calls {
  open: { name: string };
  count: number;
}

const warnings = collectWarnings();

test('whatever is added, removed and emitted: listeners are called in order, and none after it was removed', () => {
  const actions = fc.oneof(
    fc.constant({ kind: 'on' as const }),
    fc.record({ kind: fc.constant('off' as const), which: fc.nat() }),
    fc.record({ kind: fc.constant('emit' as const), removes: fc.option(fc.nat()), adds: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(actions, { maxLength: 40 }), (steps) => {
      const events = new Events<Calls>();
      let live: number[] = [];
      const removers: (() => void)[] = [];
      let calls: number[] = [];
      let during = (): void => {};
      const add = (): void => {
        const id = removers.length;
        removers.push(
          events.on('count', () => {
            calls.push(id);
            during();
          }),
        );
        live = [...live, id];
      };
      const remove = (id: number): void => {
        removers[id]?.();
        live = live.filter((other) => other !== id);
      };
      for (const step of steps) {
        calls = [];
        during = () => {};
        if (step.kind === 'on') add();
        else if (step.kind === 'off') remove(step.which % Math.max(removers.length, 1));
        else {
          const expected = [...live];
          const victim = step.removes === null ? -1 : step.removes % Math.max(removers.length, 1);
          during = () => {
            during = () => {};
            remove(victim);
            if (step.adds) add();
          };
          events.emit('count', 1);
          // The first listener does the removing: it was called, and the victim is not if it comes later.
          expect(calls).toEqual(expected.filter((id, index) => index === 0 || id !== victim));
        }
        expect(events.has('count')).toBe(live.length > 0);
        expect(events.has('open')).toBe(false);
      }
    }),
  );
});

test('the payload is passed on as it is', () => {
  const events = new Events<Calls>();
  const seen: unknown[] = [];
  events.on('open', (payload) => seen.push(payload));
  const payload = { name: 'model-a' };
  events.emit('open', payload);
  expect(seen[0]).toBe(payload);
});

test('a listener that is added twice is called twice, and removed once at a time', () => {
  const events = new Events<Calls>();
  let calls = 0;
  const listener = (): void => {
    calls += 1;
  };
  const first = events.on('count', listener);
  events.on('count', listener);
  events.emit('count', 1);
  first();
  first();
  events.emit('count', 1);
  expect(calls).toBe(3);
});

test('a listener that throws or rejects is reported, and the others are called', async () => {
  const events = new Events<Calls>();
  const seen: number[] = [];
  events.on('count', () => {
    throw new Error('thrown');
  });
  events.on('count', async () => {
    throw new Error('rejected');
  });
  events.on('count', (count) => seen.push(count));
  expect(() => events.emit('count', 7)).not.toThrow();
  await new Promise(setImmediate);
  expect(seen).toEqual([7]);
  expect(warnings).toEqual([
    { message: 'A listener of "count" threw: thrown', code: 'MAINSTAY_LISTENER' },
    { message: 'A listener of "count" threw: rejected', code: 'MAINSTAY_LISTENER' },
  ]);
});

test.each<[string, unknown]>([
  ['null', null],
  ['undefined', undefined],
  ['a string', 'x'],
  ['an object without a prototype', Object.create(null)],
  [
    'an object that throws when it is read',
    new Proxy(new Error('x'), {
      get() {
        throw new Error('again');
      },
    }),
  ],
])('throwing %s does no harm either', (_what, thrown) => {
  const events = new Events<Calls>();
  events.on('count', () => {
    throw thrown;
  });
  expect(() => events.emit('count', 1)).not.toThrow();
  expect(warnings.length).toBe(1);
});

test('a listener that throws at every call writes 20 warnings a second, and the number of the others', () => {
  const events = new Events<Calls>();
  events.on('count', () => {
    throw new Error('always');
  });
  for (let index = 0; index < 1_000; index += 1) events.emit('count', index);
  // The loop may have crossed the border of a second.
  expect(warnings.length).toBeGreaterThanOrEqual(20);
  expect(warnings.length).toBeLessThanOrEqual(60);
});

test('what is no function is refused', () => {
  const events = new Events<Calls>();
  expect(() => events.on('count', 'x' as never)).toThrow(
    new TypeError('Events: the listener of "count" must be a function, received string'),
  );
});
