import type { Outcome } from './types.js';

/** What is counted for the life of a breaker, whatever its state. */
export class CallCounts {
  succeeded = 0;
  failed = 0;
  ignored = 0;
  rejected = 0;
  slow = 0;
  late = 0;
  opened = 0;
  stateChanges = 0;

  /** @returns whether the outcome says anything about the dependency */
  protected count(outcome: Outcome, slow: boolean): boolean {
    if (outcome === 'ignored') this.ignored++;
    else if (outcome === 'success') this.succeeded++;
    else this.failed++;
    if (slow) this.slow++;
    return outcome !== 'ignored';
  }
}
