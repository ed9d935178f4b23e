import type { Usage } from '../decision.js';
import type { Rule } from '../rules/rule.js';
import type { RedisClient } from './redis-client.js';
import type { Script } from './script.js';

/** What became of requests with the same cost that were decided one after the other. */
export interface RunAnswer {
  readonly admitted: number;
  /** For the first that was denied; Infinity when it can never fit. */
  readonly waitMs: number;
  readonly binding: number;
}

export interface Answer {
  /** Redis' time in microseconds. */
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

/** What the script is told of the limits: the same text with every call. */
export function rulesText(rules: readonly Rule[]): string {
  return rules.flatMap((rule) => rule.forScript).join(' ');
}

export function decideText(
  runs: readonly number[],
  lease: number,
  merges: readonly Merge[] | undefined,
): string {
  const merging =
    merges === undefined
      ? '0'
      : `1 ${merges.map(({ floor, debt, resetMs }) => `${floor} ${debt} ${Math.ceil(resetMs * 1_000)}`).join(' ')}`;
  return `0 ${lease} ${merging} ${runs.join(' ')}`;
}

export function settleText(difference: number, takenAtMicros: number, usedThen: readonly number[]): string {
  return `1 ${difference} ${takenAtMicros} ${usedThen.join(' ')}`;
}

/** @param runs how many were asked for */
export function readAnswer(reply: unknown, runs: number, rules: number): Answer {
  const numbers = String(reply).split(' ').map(Number);
  if (numbers.length !== 2 + 3 * (runs + rules) || numbers.some(Number.isNaN)) {
    throw new Error(`The script answered something else than ${runs} runs and ${rules} limits`);
  }
  const at = (index: number): number => numbers[index] as number;
  const usageAt = 2 + 3 * runs;
  return {
    nowMicros: at(0),
    lease: at(1),
    runs: Array.from({ length: runs }, (_, run) => ({
      admitted: at(2 + 3 * run),
      waitMs: at(3 + 3 * run) < 0 ? Number.POSITIVE_INFINITY : at(3 + 3 * run) / 1_000,
      binding: at(4 + 3 * run),
    })),
    usage: Array.from({ length: rules }, (_, rule) => ({
      used: at(usageAt + 3 * rule),
      resetMs: at(usageAt + 1 + 3 * rule) / 1_000,
      refillMs: at(usageAt + 2 + 3 * rule) / 1_000,
    })),
  };
}

/**
 * EVALSHA, and EVAL where Redis does not know the script (a restart, SCRIPT FLUSH, a new node).
 * @param request asked again after `onUnknown`, since such a Redis may have forgotten more than the script
 */
export async function runScript(
  client: RedisClient,
  { text, sha1 }: Script,
  key: string,
  rules: string,
  request: () => string,
  onUnknown: () => void,
): Promise<unknown> {
  try {
    return await client.evalsha(sha1, 1, key, rules, request());
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    onUnknown();
    return client.eval(text, 1, key, rules, request());
  }
}
