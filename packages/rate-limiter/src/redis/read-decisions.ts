import type { Decision, PolicyState, Usage } from '../decision.js';
import { decisionOf, scarcest } from '../judge.js';
import { HAIR, type Rule, roundedUp } from '../rules/rule.js';
import type { Answer, RunAnswer } from './wire.js';

/**
 * The decision of every request in a batch. All were made at one moment, so what was used after each of them follows from what was
 * used in the end.
 * @param runs pairs of cost and count
 */
export function readDecisions(rules: readonly Rule[], answer: Answer, runs: readonly number[]): Decision[] {
  const [first] = answer.runs;
  if (first !== undefined && runs.length === 2 && runs[1] === 1) {
    const policies = policiesOf(rules, answer.usage, answer.lease);
    return first.admitted === 1
      ? [decisionOf(policies, scarcest(policies), true, 0, false)]
      : [decisionOf(policies, first.binding, false, first.waitMs, false)];
  }
  let taken = 0;
  answer.runs.forEach((run, index) => {
    taken += run.admitted * (runs[2 * index] as number);
  });
  // Counted back from the end: what comes later, and the lease, had not been used yet.
  let later = taken + answer.lease;
  return answer.runs.flatMap((run, index) => {
    const cost = runs[2 * index] as number;
    const decisions: Decision[] = [];
    for (let request = 0; request < run.admitted; request += 1) {
      later -= cost;
      const policies = policiesOf(rules, answer.usage, later);
      decisions.push(decisionOf(policies, scarcest(policies), true, 0, false));
    }
    const denied = (runs[2 * index + 1] as number) - run.admitted;
    for (let request = 0; request < denied; request += 1) decisions.push(denial(rules, answer, run, later));
    return decisions;
  });
}

function denial(rules: readonly Rule[], answer: Answer, run: RunAnswer, later: number): Decision {
  return decisionOf(policiesOf(rules, answer.usage, later), run.binding, false, run.waitMs, false);
}

function policiesOf(rules: readonly Rule[], usage: readonly Usage[], later: number): PolicyState[] {
  return rules.map((rule, index) => {
    const { used, resetMs, refillMs } = usage[index] as Usage;
    const remaining = Math.max(0, Math.floor(rule.capacity - used + later + HAIR));
    return {
      policy: rule.name,
      limit: rule.limit,
      remaining,
      resetMs: roundedUp(resetMs),
      refillMs: roundedUp(refillMs),
    };
  });
}
