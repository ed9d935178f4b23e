import type { Usage } from '../decision.js';
import { HAIR, type Rule } from '../rules/rule.js';

/** What became of requests with the same cost that were decided one after the other. */
export interface RunAnswer {
  readonly admitted: number;
  /** For the first that was denied; Infinity when it can never fit. */
  readonly waitMs: number;
  readonly binding: number;
}

export interface Answer {
  /** Redis' time in microseconds; 0 in the short form, which does not tell it. */
  readonly nowMicros: number;
  readonly lease: number;
  readonly runs: readonly RunAnswer[];
  readonly usage: readonly Usage[];
}

/** Knowledge and debts that are told to a Redis that came back, of one limit. */
export interface Merge {
  readonly floor: number;
  readonly debt: number;
  readonly resetMs: number;
}

/** What the script is told of the limits, the same with every call: all of them, and what the short form needs of a single gcra. */
export interface RulesText {
  readonly all: string;
  readonly short: readonly [capacity: string, rate: string, expiryMs: string] | undefined;
}

export function rulesText(rules: readonly Rule[]): RulesText {
  const [first] = rules;
  const all = rules.flatMap((rule) => rule.forScript).join(' ');
  if (rules.length > 1 || first?.algorithm !== 'gcra') return { all, short: undefined };
  const [, capacity, rate] = first.forScript;
  return { all, short: [String(capacity), String(rate), String(Math.ceil(capacity / rate / 1_000) + 1)] };
}

export type Request = readonly string[];

/**
 * @param runs pairs of cost and count
 * @param timed whether the answer has to tell Redis' time, which the short form does not
 */
export function decideRequest(
  { all, short }: RulesText,
  runs: readonly number[],
  lease: number,
  merges: readonly Merge[] | undefined,
  timed: boolean,
): Request {
  if (short !== undefined && !timed && merges === undefined && lease === 0 && runs.length === 2) {
    return runs[0] === 1 && runs[1] === 1 ? short : [...short, String(runs[0]), String(runs[1])];
  }
  const merging =
    merges === undefined
      ? '0'
      : `1 ${merges.map(({ floor, debt, resetMs }) => `${floor} ${debt} ${Math.ceil(resetMs * 1_000)}`).join(' ')}`;
  return [all, `0 ${lease} ${merging} ${runs.join(' ')}`];
}

export function settleRequest(
  { all }: RulesText,
  difference: number,
  takenAtMicros: number,
  usedThen: readonly number[],
): Request {
  return [all, `1 ${difference} ${takenAtMicros} ${usedThen.join(' ')}`];
}

/** @param asked the runs that were asked for, pairs of cost and count */
export function readAnswer(reply: unknown, asked: readonly number[], rules: readonly Rule[]): Answer {
  const runs = asked.length / 2;
  const [first] = rules;
  const numbers = typeof reply === 'number' ? [reply] : String(reply).split(' ').map(Number);
  if (first !== undefined && runs === 1 && !numbers.some(Number.isNaN)) {
    // All of one run: the script says no more than what is used now.
    if (numbers.length === 1) return shortAnswer(asked[1] as number, 0, (numbers[0] as number) / 1e6, first);
    if (numbers.length === 3) return shortAnswer(...(numbers as [number, number, number]), first);
  }
  if (numbers.some(Number.isNaN) || numbers.length !== 2 + 3 * (runs + rules.length)) {
    throw new Error(`The script answered something else than ${runs} runs and ${rules.length} limits`);
  }
  return longAnswer(numbers, runs, rules.length);
}

function shortAnswer(admitted: number, wait: number, used: number, rule: Rule): Answer {
  const perMs = rule.forScript[2] * 1_000;
  const left = rule.capacity - used;
  const excess = Math.max(Math.floor(left + HAIR) + 1, 1) - left;
  return {
    nowMicros: 0,
    lease: 0,
    runs: [{ admitted, waitMs: waitMs(wait), binding: 0 }],
    usage: [{ used, resetMs: used / perMs, refillMs: Math.min(used, excess) / perMs }],
  };
}

function longAnswer(numbers: readonly number[], runs: number, rules: number): Answer {
  const at = (index: number): number => numbers[index] as number;
  const usageAt = 2 + 3 * runs;
  return {
    nowMicros: at(0),
    lease: at(1),
    runs: Array.from({ length: runs }, (_, run) => ({
      admitted: at(2 + 3 * run),
      waitMs: waitMs(at(3 + 3 * run)),
      binding: at(4 + 3 * run),
    })),
    usage: Array.from({ length: rules }, (_, rule) => ({
      used: at(usageAt + 3 * rule),
      resetMs: at(usageAt + 1 + 3 * rule) / 1_000,
      refillMs: at(usageAt + 2 + 3 * rule) / 1_000,
    })),
  };
}

const waitMs = (micros: number): number => (micros < 0 ? Number.POSITIVE_INFINITY : micros / 1_000);

/** The answer of a Redis that was restarted, is a new node, or was told to forget its scripts. */
export function knowsNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
