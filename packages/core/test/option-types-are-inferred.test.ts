import { expectTypeOf, test } from 'vitest';
import { type Clock, Events, option, type ReadOptions, readOptions } from '../src/index.js';

test('the type of the options follows from the fields', () => {
  const fields = {
    required: option.integer({ min: 1 }),
    bare: option.number(),
    defaulted: option.milliseconds({ default: 5 }),
    optional: option.ratio({ optional: true }),
    flag: option.boolean({ default: true }),
    text: option.string({ optional: true, secret: true }),
    state: option.oneOf(['closed', 'open'], { default: 'closed' }),
    maybe: option.oneOf([1, 2], { optional: true }),
    isFailure: option.func<(error: unknown) => boolean>({ default: () => true }),
    onTrip: option.func<() => void>({ optional: true }),
    clock: option.instance<Clock>(),
    group: option.object({
      probes: option.integer({ default: 1 }),
      state: option.string({ optional: true }),
    }),
    absent: option.object({ probes: option.integer({ default: 1 }) }, { optional: true }),
    list: option.array(option.object({ name: option.string() })),
    custom: option.custom<number | 'full'>('x', () => true),
  };
  type Expected = {
    readonly required: number;
    readonly bare: number;
    readonly defaulted: number;
    readonly optional: number | undefined;
    readonly flag: boolean;
    readonly text: string | undefined;
    readonly state: 'closed' | 'open';
    readonly maybe: 1 | 2 | undefined;
    readonly isFailure: (error: unknown) => boolean;
    readonly onTrip: (() => void) | undefined;
    readonly clock: Clock;
    readonly group: { readonly probes: number; readonly state: string | undefined };
    readonly absent: { readonly probes: number } | undefined;
    readonly list: readonly { readonly name: string }[];
    readonly custom: number | 'full';
  };
  expectTypeOf<ReadOptions<typeof fields>>().toEqualTypeOf<Expected>();
  expectTypeOf(() => readOptions('Test', {}, fields)).returns.toEqualTypeOf<Expected>();
});

test('wrong settings do not compile', () => {
  // @ts-expect-error a default of another type
  option.number({ default: 'x' });
  // @ts-expect-error a default that is none of the values
  option.oneOf(['a', 'b'], { default: 'c' });
  // @ts-expect-error a setting that does not exist
  option.boolean({ min: 1 });
});

test('events and their payloads belong together', () => {
  const events = new Events<{ open: { name: string }; closed: number }>();
  events.on('open', (payload) => expectTypeOf(payload).toEqualTypeOf<{ name: string }>());
  // @ts-expect-error no such event
  events.on('opened', () => {});
  // @ts-expect-error the payload of another event
  events.emit('closed', { name: 'x' });
});
