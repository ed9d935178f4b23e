import type { Events } from '@mainstay/core';
import type { CircuitBreakerEvents, Outcome } from './types.js';

/** Tells the listeners how a call ended. */
export function announce(
  events: Events<CircuitBreakerEvents>,
  name: string,
  outcome: Outcome,
  late: boolean,
  error: unknown,
): void {
  if (late) {
    if (events.has('late')) events.emit('late', { name, outcome });
  } else if (outcome === 'success') {
    if (events.has('success')) events.emit('success', { name });
  } else if (outcome === 'failure') {
    if (events.has('failure')) events.emit('failure', { name, error });
  } else if (events.has('ignore')) {
    events.emit('ignore', { name });
  }
}
