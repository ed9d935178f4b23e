export interface CacheControl {
  has(directive: string): boolean;
  /** What `s-maxage`, else `max-age` says; undefined if neither is there. */
  readonly freshMs: number | undefined;
}

/** Longer than this is for ever, to a cache. */
const ONE_YEAR_SECONDS = 31_536_000;

/** Lenient, as RFC 9111 asks: unknown directives are passed over, a malformed age is no freshness at all. */
export function parseCacheControl(header: string | undefined): CacheControl {
  const directives = new Map<string, string>();
  for (const part of header?.split(',') ?? []) {
    const [name = '', value = ''] = part.split('=', 2);
    directives.set(name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1'));
  }
  const age = directives.get('s-maxage') ?? directives.get('max-age');
  const seconds = age !== undefined && /^\d+$/.test(age) ? Math.min(Number(age), ONE_YEAR_SECONDS) : 0;
  return {
    has: (directive) => directives.has(directive),
    freshMs: age === undefined ? undefined : seconds * 1_000,
  };
}
