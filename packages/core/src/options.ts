import { nearest } from './did-you-mean.js';
import { type Field, invalidOption, keysOf, type Place, pathOf } from './option-field.js';
import {
  arrayField,
  booleanField,
  customField,
  functionField,
  instanceField,
  integerField,
  millisecondsField,
  numberField,
  oneOfField,
  ratioField,
  stringField,
} from './option-kinds.js';

export { type Field, invalidOption } from './option-field.js';

/** What the options of a component may be: one field for each, by name. */
export type Fields = Record<string, Field<unknown>>;

/** The type of the checked options, as inferred from the fields. */
export type ReadOptions<F extends Fields> = {
  readonly [Name in keyof F]: F[Name] extends Field<infer Value> ? Value : never;
};

/**
 * Checks the options that a constructor received, and fills in the defaults.
 *
 * Only own properties count, so that a polluted prototype sets nothing; `undefined` means absent; symbols are ignored.
 * @param owner the name of the class, for messages
 * @param received undefined stands for `{}`
 * @returns a frozen copy; what was received is neither kept nor changed
 * @throws TypeError for a wrong type, a required option that is missing or an unknown one; RangeError for a number out of
 *   range, NaN or Infinity. Each names the option, what is allowed and what was received:
 *   `CircuitBreaker: option "openMs" must be a number of milliseconds from 1 to 2147483647, received -5`
 */
export function readOptions<const F extends Fields>(
  owner: string,
  received: unknown,
  fields: F,
): ReadOptions<F> {
  return readFields({ owner, path: '' }, received === undefined ? {} : received, fields);
}

function readFields<const F extends Fields>(place: Place, received: unknown, fields: F): ReadOptions<F> {
  if (typeof received !== 'object' || received === null || Array.isArray(received)) {
    throw invalidOption(place.owner, place.path, 'must be an object', received);
  }
  const source = received as Record<string, unknown>;
  for (const key of Object.keys(source)) {
    if (!Object.hasOwn(fields, key) && source[key] !== undefined)
      throw unknownOption(place, key, keysOf(fields));
  }
  const result: Record<string, unknown> = {};
  for (const key of keysOf(fields)) {
    const value = Object.hasOwn(source, key) ? source[key] : undefined;
    result[key] = (fields[key] as Field<unknown>).read(value, {
      owner: place.owner,
      path: pathOf(place, key),
    });
  }
  return Object.freeze(result) as ReadOptions<F>;
}

function unknownOption(place: Place, key: string, known: string[]): TypeError {
  const candidate = nearest(key, known);
  const hint =
    candidate === undefined
      ? `the options are ${known.map((name) => `"${name}"`).join(', ')}`
      : `did you mean "${pathOf(place, candidate)}"?`;
  return new TypeError(`${place.owner}: unknown option ${JSON.stringify(pathOf(place, key))}, ${hint}`);
}

/** Options that are a group of options themselves, read as `halfOpen.leaseMs`. */
interface GroupSettings {
  /** True: an absent group stays undefined. Otherwise it is read as `{}`, so that the defaults of its fields hold. */
  optional?: boolean;
}

function group<const F extends Fields>(
  fields: F,
  settings: GroupSettings & { optional: true },
): Field<ReadOptions<F> | undefined>;
function group<const F extends Fields>(fields: F, settings?: GroupSettings): Field<ReadOptions<F>>;
function group<const F extends Fields>(
  fields: F,
  settings: GroupSettings = {},
): Field<ReadOptions<F> | undefined> {
  return {
    read(received, place) {
      if (received === undefined && settings.optional === true) return undefined;
      return readFields(place, received === undefined ? {} : received, fields);
    },
  };
}

/**
 * The kinds of options. All take `default` (used when absent) or `optional: true` (absent stays undefined); a field with neither
 * is required. `secret: true` keeps what was received out of messages.
 */
export const option = {
  number: numberField,
  integer: integerField,
  milliseconds: millisecondsField,
  ratio: ratioField,
  boolean: booleanField,
  string: stringField,
  oneOf: oneOfField,
  func: functionField,
  object: group,
  instance: instanceField,
  array: arrayField,
  custom: customField,
};
