/** Where an option stands: `halfOpen.leaseMs` of the `CircuitBreaker`. */
export interface Place {
  owner: string;
  path: string;
}

/** One option: how its value is checked. Made by `option.number(…)` and its siblings. */
export interface Field<Value> {
  /** @param received undefined when absent */
  read(received: unknown, place: Place): Value;
}

export interface Presence<Value> {
  /** The value when the option is absent. It is not checked. */
  default?: Value;
  /** True: absent is allowed and stays undefined. */
  optional?: boolean;
  /** True: what was received is not shown in messages. */
  secret?: boolean;
}

/** The type of a field's value: with undefined only if the field is optional. */
export type Present<Value, Settings> = Settings extends { optional: true } ? Value | undefined : Value;

/** What a check says when a value is wrong: a type error is about what it is, a range error about how much. */
export type Verdict = 'type' | 'range' | undefined;

/**
 * A field from its parts.
 * @param mustBe what is allowed, for messages: 'must be true or false'
 * @param check what is wrong with a value, undefined when nothing is
 */
export function makeField<Value, const Settings extends Presence<Value>>(
  settings: Settings | undefined,
  mustBe: string,
  check: (received: unknown) => Verdict,
): Field<Present<Value, Settings>> {
  return {
    read(received, place) {
      if (received === undefined) {
        if (settings?.default !== undefined) return settings.default as Present<Value, Settings>;
        if (settings?.optional === true) return undefined as Present<Value, Settings>;
      }
      const verdict = received === undefined ? 'type' : check(received);
      if (verdict === undefined) return received as Present<Value, Settings>;
      const shown = settings?.secret === true && received !== undefined ? new Hidden(received) : received;
      throw invalidOption(place.owner, place.path, mustBe, shown, verdict);
    },
  };
}

/**
 * The error for an option that is wrong, in the words that all packages use. For checks that take more than one option into
 * account: `throw invalidOption('Pool', 'max', 'must be at least min (5)', 2, 'range')`.
 */
export function invalidOption(
  owner: string,
  path: string,
  mustBe: string,
  received: unknown,
  verdict: 'type' | 'range' = 'type',
): TypeError | RangeError {
  const subject = path === '' ? 'options' : `option ${JSON.stringify(path)}`;
  const message = `${owner}: ${subject} ${mustBe}, received ${describe(received)}`;
  return verdict === 'type' ? new TypeError(message) : new RangeError(message);
}

export function pathOf(place: Place, key: string): string {
  return place.path === '' ? key : `${place.path}.${key}`;
}

export function keysOf(fields: object): string[] {
  return Object.keys(fields);
}

class Hidden {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

const LONGEST_SHOWN = 40;

/** A value in a few words: nothing of what is inside objects, and nothing that could throw. */
function describe(value: unknown): string {
  if (value instanceof Hidden) return `a hidden ${typeof value.value}`;
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  switch (typeof value) {
    case 'string': {
      const cut = value.length > LONGEST_SHOWN;
      return cut
        ? `${JSON.stringify(value.slice(0, LONGEST_SHOWN))}… (${value.length} characters)`
        : JSON.stringify(value);
    }
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint': {
      const digits = String(value);
      return digits.length > LONGEST_SHOWN ? 'a bigint' : `${digits}n`;
    }
    case 'boolean':
      return String(value);
    case 'object':
      return 'an object';
    default:
      return `a ${typeof value}`;
  }
}
