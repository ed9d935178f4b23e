import { maskSecrets, safeLine } from './safe-message.js';

const maxKeys = 50;
const maxDepth = 3;
const secretName = /password|passwd|pwd|passphrase|secret|token|api[-_]?key|credential|authorization|cookie/i;

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function safeValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return safeLine(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (depth >= maxDepth) return undefined;
  if (Array.isArray(value)) {
    const items = value.slice(0, maxKeys).map((item) => safeValue(item, depth + 1) ?? null);
    return Object.freeze(items);
  }
  return isPlainObject(value) ? safeObject(value, depth + 1) : undefined;
}

function safeObject(source: Record<string, unknown>, depth: number): Readonly<Record<string, unknown>> {
  const entries: [string, unknown][] = [];
  for (const key of Object.keys(source).slice(0, maxKeys)) {
    const value = safeValue(source[key], depth);
    // A number of tokens is no secret; the token is.
    const isSecret = secretName.test(key) && typeof value !== 'number' && typeof value !== 'boolean';
    if (value !== undefined) entries.push([maskSecrets(key.slice(0, 100)), isSecret ? '***' : value]);
  }
  // fromEntries defines, it does not assign: a key named __proto__ stays a key.
  return Object.freeze(Object.fromEntries(entries));
}

/**
 * A frozen copy that can be serialised and shown: at most 50 keys a level, 3 levels, one line a text, secrets masked.
 * Class instances and functions fall out, circles end at the third level. Undefined when nothing is left, or when the result of a check was no plain
 * object: the rows of `SELECT 1` are not a detail.
 */
export function safeDetails(result: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isPlainObject(result)) return undefined;
  const details = safeObject(result, 0);
  return Object.keys(details).length > 0 ? details : undefined;
}
