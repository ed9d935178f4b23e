import type { Draw } from '../random.js';

/** An answer that is given instead of asking the target. */
export type Substitute =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | { readonly garbageBytes: number; readonly random: Draw };

/** Something that is slow, until the fault is removed. */
export interface Slowness {
  readonly amount: number;
  readonly isActive: () => boolean;
}

/** What the faults that matched a request make of its answer. Each fault sets its own field; the first of a kind wins. */
export interface AnswerPlan {
  substitute?: Substitute;
  /** How long the head takes, in milliseconds. */
  slowHead?: Slowness;
  /** How fast the body comes, in bytes a second. */
  slowBody?: Slowness;
  /** How much of the body is passed before the connection is closed. */
  truncateAtBytes?: number;
  /** By how much the declared length is off. */
  lengthOff?: number;
}

/** Whether the answer has to be written by hand. */
export function alters(plan: AnswerPlan): boolean {
  const { slowHead, slowBody, truncateAtBytes, lengthOff } = plan;
  return [slowHead, slowBody, truncateAtBytes, lengthOff].some((change) => change !== undefined);
}
