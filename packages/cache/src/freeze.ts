/**
 * Freezes plain objects and arrays, deeply. Bytes cannot be frozen, and what has a class (Date, Map, a model) may need its own
 * state: they are left alone.
 */
export function freezeDeep<T>(value: T): T {
  const open: unknown[] = [value];
  for (let node = open.pop(); open.length > 0 || node !== undefined; node = open.pop()) {
    if (!isPlain(node) || Object.isFrozen(node)) continue;
    Object.freeze(node);
    for (const child of Object.values(node)) if (child !== undefined) open.push(child);
  }
  return value;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
