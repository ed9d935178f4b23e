import { option, readOptions } from '@mainstay/core';
import type { CacheCalls } from './cache-calls.js';
import type { Schema } from './schema.js';
import type { EntryOptions, GetOrSetOptions, LoadContext } from './types.js';
import { type WarmOptions, type WarmResult, warmEach } from './warm.js';

export interface Definition<Input, Value> extends Omit<GetOrSetOptions, 'tags' | 'signal' | 'schema'> {
  /** Every input needs a key of its own. */
  key: string | ((input: Input) => string);
  load: (input: Input, context: LoadContext) => Value | PromiseLike<Value>;
  tags?: readonly string[] | ((input: Input) => readonly string[]);
  /** Checks what Redis holds: a value of another shape is a miss. */
  schema?: Schema<Value>;
}

/** A function whose answers are cached. */
export interface CachedFunction<Input, Value> {
  (input: Input, options?: { signal?: AbortSignal }): Promise<Value>;
  /** The value itself where memory has it, else a promise. */
  maybe(input: Input): Value | Promise<Value>;
  /** What memory holds. */
  peek(input: Input): Value | undefined;
  set(input: Input, value: Value): Promise<void>;
  delete(input: Input): Promise<void>;
  keyOf(input: Input): string;
  warm(inputs: Iterable<Input> | AsyncIterable<Input>, options?: WarmOptions): Promise<WarmResult>;
}

type AnyFunction = (...parameters: never[]) => unknown;

export function defineCached<Input, Value>(
  cache: CacheCalls,
  definition: Definition<Input, Value>,
): CachedFunction<Input, Value> {
  const { key, load, tags, schema, ...lifetimes } = definition;
  readOptions(
    'Cache: define',
    { key, load },
    {
      key: option.custom<string | AnyFunction>('a string or a function', isNameOrFunction),
      load: option.func(),
    },
  );
  const keyOf = (input: Input): string => (typeof key === 'string' ? key : key(input));
  const constant =
    typeof tags === 'function' ? undefined : { ...lifetimes, ...(tags === undefined ? {} : { tags }) };
  const optionsOf = (input: Input): EntryOptions =>
    constant ?? { ...lifetimes, tags: (tags as (input: Input) => readonly string[])(input) };
  const readOptionsOf = (input: Input): GetOrSetOptions =>
    schema === undefined ? optionsOf(input) : { ...optionsOf(input), schema };
  const call = async (input: Input, options?: { signal?: AbortSignal }): Promise<Value> => {
    const own = readOptionsOf(input);
    const all = options?.signal === undefined ? own : { ...own, signal: options.signal };
    return cache.getOrSet(keyOf(input), (context) => load(input, context), all);
  };
  return Object.assign(call, {
    maybe: (input: Input) =>
      cache.getMaybe(keyOf(input), (context) => load(input, context), readOptionsOf(input)),
    peek: (input: Input) => cache.peek<Value>(keyOf(input)),
    set: async (input: Input, value: Value) => {
      const { softTimeoutMs: _, ...entry } = optionsOf(input) as GetOrSetOptions;
      return cache.set(keyOf(input), value, entry);
    },
    delete: async (input: Input) => cache.delete(keyOf(input)),
    keyOf,
    warm: (inputs: Iterable<Input> | AsyncIterable<Input>, options?: WarmOptions) =>
      warmEach(inputs, (input, signal) => call(input, signal === undefined ? {} : { signal }), options),
  });
}

function isNameOrFunction(received: unknown): boolean {
  return typeof received === 'function' || (typeof received === 'string' && received !== '');
}
