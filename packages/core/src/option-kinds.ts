import {
  type Field,
  invalidOption,
  makeField,
  type Presence,
  type Present,
  type Verdict,
} from './option-field.js';

interface NumberSettings extends Presence<number> {
  min?: number;
  max?: number;
  /** In the plural, for messages: 'milliseconds', 'bytes'. */
  unit?: string;
  /** True: Infinity is allowed whatever `max` is, as the way to say "no limit". */
  allowInfinity?: boolean;
}

export function numberField<const Settings extends NumberSettings>(
  settings?: Settings,
): Field<Present<number, Settings>> {
  return numeric('a number', settings, Number.isFinite);
}

export function integerField<const Settings extends NumberSettings>(
  settings?: Settings,
): Field<Present<number, Settings>> {
  return numeric('a whole number', settings, Number.isSafeInteger);
}

/** The longest delay of a Node timer, 24.8 days. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

/** Zero to 2147483647 unless `min` or `max` say otherwise; fractions are allowed. */
export function millisecondsField<const Settings extends NumberSettings>(
  settings?: Settings,
): Field<Present<number, Settings>> {
  const all = { min: 0, max: LONGEST_TIMEOUT_MS, unit: 'milliseconds', ...settings };
  return numeric('a number', all as unknown as Settings, Number.isFinite);
}

/** A number from 0 to 1, or within the narrower `min` and `max`. */
export function ratioField<const Settings extends NumberSettings>(
  settings?: Settings,
): Field<Present<number, Settings>> {
  return numeric('a number', { min: 0, max: 1, ...settings } as unknown as Settings, Number.isFinite);
}

function numeric<const Settings extends NumberSettings>(
  noun: string,
  settings: Settings | undefined,
  isValid: (value: unknown) => boolean,
): Field<Present<number, Settings>> {
  const { min, max, unit, allowInfinity = false }: NumberSettings = settings ?? {};
  const mustBe = `must be ${noun}${unit === undefined ? '' : ` of ${unit}`}${range(min, max)}${allowInfinity ? ', or Infinity' : ''}`;
  return makeField<number, Settings>(settings, mustBe, (received) => {
    if (typeof received !== 'number') return 'type';
    if (allowInfinity && received === Number.POSITIVE_INFINITY) return undefined;
    if (!isValid(received)) return 'range';
    return (min !== undefined && received < min) || (max !== undefined && received > max)
      ? 'range'
      : undefined;
  });
}

function range(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}

export function booleanField<const Settings extends Presence<boolean>>(
  settings?: Settings,
): Field<Present<boolean, Settings>> {
  return makeField<boolean, Settings>(settings, 'must be true or false', (received) =>
    typeIs('boolean', received),
  );
}

interface StringSettings extends Presence<string> {
  /** In UTF-16 code units; default 1, since an empty string is a missing variable more often than a value. */
  minLength?: number;
  /** Default 1,000. */
  maxLength?: number;
}

export function stringField<const Settings extends StringSettings>(
  settings?: Settings,
): Field<Present<string, Settings>> {
  const { minLength = 1, maxLength = 1_000 }: StringSettings = settings ?? {};
  const mustBe = `must be a string of ${minLength} to ${maxLength} characters`;
  return makeField<string, Settings>(settings, mustBe, (received) => {
    if (typeof received !== 'string') return 'type';
    return received.length < minLength || received.length > maxLength ? 'range' : undefined;
  });
}

export function oneOfField<
  const Value extends string | number | boolean,
  const Settings extends Presence<NoInfer<Value>>,
>(values: readonly Value[], settings?: Settings): Field<Present<Value, Settings>> {
  const mustBe = `must be one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
  return makeField<Value, Settings>(settings, mustBe, (received) =>
    values.includes(received as Value) ? undefined : 'type',
  );
}

type AnyFunction = (...parameters: never[]) => unknown;

/** `option.func<(error: unknown) => boolean>()`: that it is a function is checked, its parameters and result cannot be. */
export function functionField<F extends AnyFunction>(
  settings: Presence<F> & { optional: true },
): Field<F | undefined>;
export function functionField<F extends AnyFunction>(settings?: Presence<F>): Field<F>;
export function functionField<F extends AnyFunction>(settings?: Presence<F>): Field<F | undefined> {
  return makeField<F, Presence<F>>(settings, 'must be a function', (received) =>
    typeIs('function', received),
  );
}

interface InstanceSettings<Value> extends Presence<Value> {
  /** Methods that it must have. */
  methods?: readonly (keyof Value & string)[];
  /** What it is, for messages: 'an ioredis client'. */
  expected?: string;
}

/** Something that is passed on as it is: a client, a clock, an AbortSignal. It is not copied. */
export function instanceField<Value extends object>(
  settings: InstanceSettings<Value> & { optional: true },
): Field<Value | undefined>;
export function instanceField<Value extends object>(settings?: InstanceSettings<Value>): Field<Value>;
export function instanceField<Value extends object>(
  settings?: InstanceSettings<Value>,
): Field<Value | undefined> {
  const methods = settings?.methods ?? [];
  const having =
    methods.length === 0 ? '' : ` with the methods ${methods.map((name) => `${name}()`).join(', ')}`;
  return makeField<Value, InstanceSettings<Value>>(
    settings,
    `must be ${settings?.expected ?? 'an object'}${having}`,
    (received) => {
      // A function may carry methods too; pg's and Express' objects do.
      if ((typeof received !== 'object' && typeof received !== 'function') || received === null)
        return 'type';
      const candidate = received as Record<string, unknown>;
      return methods.every((name) => typeof candidate[name] === 'function') ? undefined : 'type';
    },
  );
}

interface ArraySettings {
  /** Default 0. */
  minLength?: number;
  /** Default 10,000. */
  maxLength?: number;
  /** True: absent stays undefined. Otherwise it is read as an empty array. */
  optional?: boolean;
}

/** A list whose items are checked with one field, and named `checks[0].name` in messages. The result is a frozen copy. */
export function arrayField<Value>(
  item: Field<Value>,
  settings: ArraySettings & { optional: true },
): Field<readonly Value[] | undefined>;
export function arrayField<Value>(item: Field<Value>, settings?: ArraySettings): Field<readonly Value[]>;
export function arrayField<Value>(
  item: Field<Value>,
  settings: ArraySettings = {},
): Field<readonly Value[] | undefined> {
  const { minLength = 0, maxLength = 10_000, optional } = settings;
  const mustBe = `must be an array of ${minLength} to ${maxLength} items`;
  return {
    read(received, place) {
      if (received === undefined && optional === true) return undefined;
      const items: unknown = received === undefined ? [] : received;
      if (!Array.isArray(items)) throw invalidOption(place.owner, place.path, mustBe, items);
      if (items.length < minLength || items.length > maxLength) {
        throw invalidOption(place.owner, place.path, `${mustBe} (it has ${items.length})`, items, 'range');
      }
      return Object.freeze(
        Array.from(items as unknown[], (value, index) =>
          item.read(value, { owner: place.owner, path: `${place.path}[${index}]` }),
        ),
      );
    },
  };
}

/**
 * Any other check.
 * @param expected what is allowed, for messages: 'a number or an object'
 * @param isValid true when it is right, 'range' when only the amount is wrong
 */
export function customField<Value>(
  expected: string,
  isValid: (received: unknown) => boolean | 'range',
  settings: Presence<Value> & { optional: true },
): Field<Value | undefined>;
export function customField<Value>(
  expected: string,
  isValid: (received: unknown) => boolean | 'range',
  settings?: Presence<Value>,
): Field<Value>;
export function customField<Value>(
  expected: string,
  isValid: (received: unknown) => boolean | 'range',
  settings?: Presence<Value>,
): Field<Value | undefined> {
  return makeField<Value, Presence<Value>>(settings, `must be ${expected}`, (received) => {
    const verdict = isValid(received);
    if (verdict === 'range') return 'range';
    return verdict ? undefined : 'type';
  });
}

function typeIs(type: 'boolean' | 'function', received: unknown): Verdict {
  return typeof received === type ? undefined : 'type';
}
