export interface CacheControl {
  has(directive: string): boolean;
  /** Of a directive that says seconds; undefined if it is not there, 0 if what it says is no number. */
  milliseconds(directive: string): number | undefined;
}

/** Longer than this is for ever, to a cache. */
export const ONE_YEAR_SECONDS = 31_536_000;

/** Lenient, as RFC 9111 asks: unknown directives are passed over, a malformed age is no freshness at all. */
export function parseCacheControl(header: string | undefined): CacheControl {
  const directives = new Map<string, string>();
  for (const part of header?.split(',') ?? []) {
    const [name = '', value = ''] = part.split('=', 2);
    directives.set(name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1'));
  }
  return {
    has: (directive) => directives.has(directive),
    milliseconds: (directive) => {
      const seconds = directives.get(directive);
      if (seconds === undefined) return undefined;
      return /^\d+$/.test(seconds) ? Math.min(Number(seconds), ONE_YEAR_SECONDS) * 1_000 : 0;
    },
  };
}
