// How a wrong configuration is told: all of it at once, and no secret in it.
import type { z } from 'zod';
import { type SettingName, settings } from './settings.js';

export interface ConfigProblem {
  variable: SettingName;
  /** Where within the variable: `[0].timeoutMs`; empty for all of it. */
  place: string;
  /** Never a secret: "nothing", a quoted value, or a description. */
  received: string;
  /** What is allowed, or what is wrong: "must be a port from 0 to 65535". */
  rule: string;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(describe(problems));
  }
}

function describe(problems: readonly ConfigProblem[]): string {
  const title = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const lines = problems.map(
    ({ variable, place, received, rule }) => `  ${variable}${place}: received ${received}\n    ${rule}`,
  );
  return `The configuration has ${title}:\n${lines.join('\n')}`;
}

export function problemsOf(
  variable: SettingName,
  raw: string | undefined,
  issues: readonly z.core.$ZodIssue[],
): ConfigProblem[] {
  const { secret, allowed } = settings[variable];
  const inside = issues.filter(({ path }) => path.length > 0);
  if (raw !== undefined && inside.length > 0)
    return inside.map((issue) => problemInside(variable, raw, issue));
  const received = raw === undefined ? 'nothing' : secret ? hidden(raw) : quoted(raw);
  return [{ variable, place: '', received, rule: `must be ${allowed}` }];
}

/** Of a variable that holds JSON, the part that is wrong. */
function problemInside(variable: SettingName, raw: string, issue: z.core.$ZodIssue): ConfigProblem {
  const place = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const rule =
    issue.code === 'unrecognized_keys'
      ? `has fields that are not known: ${issue.keys.join(', ')}`
      : issue.message;
  return { variable, place, received: partOf(raw, issue.path), rule };
}

/** A part of JSON as it was received. Keys, whatever is not plain, and URLs that may hold credentials stay hidden. */
function partOf(raw: string, path: readonly PropertyKey[]): string {
  let value: unknown = JSON.parse(raw);
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (path.at(-1) === 'apiKey' || /[@?#]/.test(String(value))) return 'a hidden value';
  return quoted(value);
}

const quoted = (value: unknown) => JSON.stringify(value)?.slice(0, 80) ?? 'nothing';
const hidden = (raw: string) => `${raw.length} characters (hidden)`;
