// How a wrong configuration is told: all of it at once, and no secret in it.
import type { z } from 'zod';
import { type SettingName, settings } from './settings.js';

export interface ConfigProblem {
  variable: SettingName;
  /** Never a secret: "nothing", a quoted value, or a description. */
  received: string;
  allowed: string;
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
    ({ variable, received, allowed }) => `  ${variable}: received ${received}\n    must be ${allowed}`,
  );
  return `The configuration has ${title}:\n${lines.join('\n')}`;
}

const quoted = (value: unknown) => JSON.stringify(value)?.slice(0, 80) ?? 'nothing';

/** A part of MODELS as it was received. Keys, whatever is not plain, and URLs with credentials stay hidden. */
function partOf(raw: string, path: readonly PropertyKey[]): string {
  let value: unknown = JSON.parse(raw);
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (path.at(-1) === 'apiKey' || String(value).includes('@')) return 'a hidden value';
  return quoted(value);
}

function problemsOfModels(raw: string, issues: readonly z.core.$ZodIssue[]): ConfigProblem[] {
  return issues.map(({ path, message, code, ...issue }) => {
    const where = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
    const unknown =
      code === 'unrecognized_keys' && 'keys' in issue ? ` has unknown fields: ${issue.keys}` : message;
    const received =
      path.length === 0 ? `${raw.length} characters (hidden)` : `${where} = ${partOf(raw, path)}`;
    const allowed = `${settings.MODELS.allowed}\n    (MODELS${where} ${unknown.trim()})`;
    return { variable: 'MODELS', received, allowed };
  });
}

export function problemsOf(
  variable: SettingName,
  raw: string | undefined,
  issues: readonly z.core.$ZodIssue[],
): ConfigProblem[] {
  if (variable === 'MODELS' && raw !== undefined) return problemsOfModels(raw, issues);
  const { secret, allowed } = settings[variable];
  const received = raw === undefined ? 'nothing' : secret ? `${raw.length} characters (hidden)` : quoted(raw);
  return [{ variable, received, allowed }];
}
