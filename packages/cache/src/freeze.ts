/**
 * Freezes plain objects and arrays, deeply. Bytes cannot be frozen, and what has a class (Date, Map, a model) may need its own
 * state: they are left alone, like what a getter would bring, and what refuses.
 */
export function freezeDeep<T>(value: T): T {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const node = open.pop();
    try {
      if (!isPlain(node) || Object.isFrozen(node)) continue;
      Object.freeze(node);
      for (const { value: child } of Object.values(Object.getOwnPropertyDescriptors(node))) {
        if (typeof child === 'object' && child !== null) open.push(child);
      }
    } catch {
      // A proxy that was revoked, or does not let itself be frozen.
    }
  }
  return value;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
