const SECONDS = /^\d+(\.\d+)?$/;
const HTTP_DATE = /^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? /i;

/**
 * What a `Retry-After` field asks for (RFC 9110, 10.2.3), in milliseconds.
 * @param value seconds (`120`, and fractions, which are sent too) or an HTTP-date in any of its three forms
 * @param nowEpochMs the time that a date is compared with: the answer's own `Date` where there is one, since the clocks of two
 *   machines differ
 * @returns zero or more; a date that has passed is 0; absurd amounts end at Number.MAX_SAFE_INTEGER; undefined for anything
 *   else (negative, empty, garbage)
 */
export function parseRetryAfter(value: string, nowEpochMs = Date.now()): number | undefined {
  const text = value.trim();
  if (SECONDS.test(text)) return Math.min(Number(text) * 1_000, Number.MAX_SAFE_INTEGER);
  const date = parseHttpDate(text);
  if (date === undefined) return undefined;
  return Math.min(Math.max(0, date - nowEpochMs), Number.MAX_SAFE_INTEGER);
}

function parseHttpDate(text: string): number | undefined {
  if (!HTTP_DATE.test(text)) return undefined;
  // The oldest of the three forms names no zone; it means GMT, not where this process runs.
  const date = Date.parse(/gmt$/i.test(text) ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : date;
}

interface Answer {
  retryAfterMs?: unknown;
  headers?: unknown;
  response?: { headers?: unknown } | null;
}

/**
 * How long an error or a result asks to be left alone: by `retryAfterMs` (an open circuit), or by the `Retry-After` of its
 * `headers` or of its `response.headers` (a Headers object, or a plain one in lower case as Node's).
 * @returns undefined when it does not ask
 */
export function requestedDelayMs(outcome: unknown): number | undefined {
  if (typeof outcome !== 'object' || outcome === null) return undefined;
  try {
    const { retryAfterMs, headers, response } = outcome as Answer;
    if (typeof retryAfterMs === 'number') return retryAfterMs >= 0 ? retryAfterMs : undefined;
    return fromHeaders(headers) ?? fromHeaders(response?.headers);
  } catch {
    // A getter that throws says nothing.
    return undefined;
  }
}

export function fromHeaders(headers: unknown): number | undefined {
  const value = headerOf(headers, 'retry-after');
  if (value === undefined) return undefined;
  const date = headerOf(headers, 'date');
  const sentAt = date === undefined ? undefined : parseHttpDate(date.trim());
  return parseRetryAfter(value, sentAt);
}

function headerOf(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const { get } = headers as { get?: unknown };
  const value: unknown =
    typeof get === 'function' ? get.call(headers, name) : (headers as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}
