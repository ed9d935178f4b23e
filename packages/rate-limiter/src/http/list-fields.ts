/** Fields that are lists: what another layer has written before stays in them. */
const lists = new Set(['vary', 'ratelimit', 'ratelimit-policy']);

/**
 * What to set, given what is there: `vary: Origin` of an earlier layer stays, and two limiters on one route are both told.
 * @param earlier what the response has for a field, if anything
 */
export function withEarlier(
  fields: Readonly<Record<string, string>>,
  earlier: (name: string) => unknown,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      lists.has(name) ? joined(earlier(name), value) : value,
    ]),
  );
}

function joined(earlier: unknown, value: string): string {
  const before = Array.isArray(earlier) ? earlier.join(', ') : earlier;
  if (typeof before !== 'string' || before === '') return value;
  const members = before.toLowerCase().split(/\s*,\s*/);
  return members.includes(value.toLowerCase()) || before === '*' ? before : `${before}, ${value}`;
}
