import { type Events, readOptions } from '@mainstay/core';
import { optionFields } from './option-fields.js';
import type { CircuitBreakerOptions } from './options.js';
import type { CircuitBreakerState } from './serialized-state.js';
import { type Settings, settingsOf, withSharedParts } from './settings.js';
import type { CircuitBreakerEvents } from './types.js';

/**
 * The options of one breaker, checked. Given to its constructor in place of options by a group, whose breakers share one copy
 * of their settings, and by the simulation, which has settings of its own.
 */
export class PreparedOptions {
  readonly name: string;
  readonly settings: Settings;
  readonly events: Events<CircuitBreakerEvents> | undefined;
  readonly initialState: CircuitBreakerState | undefined;

  constructor(
    name: string,
    settings: Settings,
    events?: Events<CircuitBreakerEvents>,
    initialState?: CircuitBreakerState,
  ) {
    this.name = name;
    this.settings = settings;
    this.events = events;
    this.initialState = initialState;
  }
}

/** @throws TypeError or RangeError naming the option */
export function prepared(options: CircuitBreakerOptions): PreparedOptions {
  if (options instanceof PreparedOptions) return options;
  const owner = 'CircuitBreaker';
  const checked = readOptions(owner, options, optionFields);
  const settings = withSharedParts(settingsOf(owner, checked));
  return new PreparedOptions(checked.name, settings, undefined, checked.initialState);
}
