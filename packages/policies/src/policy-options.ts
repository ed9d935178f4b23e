import { type Clock, type Field, invalidOption, monotonicClock, option } from '@mainstay/core';

/** The longest time that is understood as one: 285,000 years. Longer than a Node timer may be, which the queue can. */
export const LONGEST_MS = Number.MAX_SAFE_INTEGER;

export const clockField = option.instance<Clock>({
  default: monotonicClock,
  methods: ['now', 'coarseNow', 'setTimer'],
  expected: 'a clock',
});

/** What a policy is called in stats, errors and events; by default, what it is. */
export function nameField(kind: string) {
  return option.string({ default: kind });
}

/** Judges of errors and results, each of which may be left out. */
export interface Judges<Parameters extends unknown[]> {
  error?: ((error: unknown, ...more: Parameters) => boolean) | undefined;
  /** Results come as they are, `unknown` until you tell their type: `(response: Response) => response.status >= 500`. */
  result?: ResultJudge<Parameters> | undefined;
}

/** Of a method, since only their parameters may be narrower than `unknown`: a policy does not know what it will guard. */
type ResultJudge<More extends unknown[]> = { judge(result: unknown, ...more: More): boolean }['judge'];

export interface CheckedJudges<Parameters extends unknown[]> {
  readonly error: ((error: unknown, ...more: Parameters) => boolean) | undefined;
  readonly result: ((result: unknown, ...more: Parameters) => boolean) | undefined;
}

const judgeGroup = option.object({
  error: option.func<(error: unknown) => boolean>({ optional: true }),
  result: option.func<(result: unknown) => boolean>({ optional: true }),
});

/** A function for the errors, or `{ error, result }`. */
export function judgesField<Parameters extends unknown[]>(): Field<CheckedJudges<Parameters>> {
  return {
    read(received, place) {
      if (received === undefined) return { error: undefined, result: undefined };
      if (typeof received === 'function') {
        return { error: received as CheckedJudges<Parameters>['error'], result: undefined };
      }
      if (typeof received === 'object' && received !== null) {
        return judgeGroup.read(received, place) as CheckedJudges<Parameters>;
      }
      throw invalidOption(place.owner, place.path, 'must be a function or { error, result }', received);
    },
  };
}
