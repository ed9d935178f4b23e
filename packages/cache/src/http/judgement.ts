import { createHash } from 'node:crypto';
import { ONE_YEAR_SECONDS, parseCacheControl } from './cache-control.js';

type Headers = readonly (readonly [name: string, value: string])[];

/** The beginning of a response, which says already whether it may be kept. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Headers;
}

/** A response on its way out. */
export interface FreshResponse extends ResponseHead {
  readonly body: Buffer;
}

/** A response as it is kept: JSON can hold it. */
export interface StoredResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly encoding: 'utf8' | 'base64';
  readonly etag: string;
  /** Wall clock, milliseconds; earlier by the `Age` that it came with. */
  readonly storedAt: number;
}

/** How long a response is kept, and how long after that it may be answered stale. */
export interface KeepTimes {
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly staleIfErrorMs: number;
}

/** What those who wait get when the visitor of the one who led went away; never kept. */
export const GONE: StoredResponse = {
  status: 0,
  headers: [],
  body: '',
  encoding: 'utf8',
  etag: '',
  storedAt: 0,
};
/** So many visitors in a row may go away before those who wait ask the handler themselves. */
export const MAX_GONE = 3;

/** Statuses that RFC 9110 lets a cache keep without being told. */
const KEPT = new Set([200, 203, 204, 300, 301, 404, 405, 410, 414]);
const NEVER_KEPT_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'trailer',
  'te',
  'upgrade',
  'date',
  'age',
  'etag',
  'content-length',
]);

/**
 * For how long a response may be kept, by its status and headers; undefined: it must not be.
 * @param named the headers by which answers are told apart @param isPrivate whether each user has answers of his own
 */
export function keepTimesOf(
  { status, headers }: ResponseHead,
  defaults: KeepTimes,
  named: readonly string[],
  isPrivate: boolean,
): KeepTimes | undefined {
  const valued = (wanted: string): string | undefined => {
    const values = headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
    return values.length === 0 ? undefined : values.join(',');
  };
  if (!KEPT.has(status) || valued('set-cookie') !== undefined) return undefined;
  // It is answered in pieces as they come about, for as long as somebody listens.
  if (valued('content-type')?.startsWith('text/event-stream') === true) return undefined;
  if (!varies(valued('vary'), named)) return undefined;
  const control = parseCacheControl(valued('cache-control'));
  if (control.has('no-store') || control.has('no-cache')) return undefined;
  if (control.has('private') && !isPrivate) return undefined;
  const said =
    control.milliseconds('s-maxage') ?? control.milliseconds('max-age') ?? untilMs(valued('expires'));
  // It may have spent a part of its time in another cache.
  const ttlMs = said === undefined ? defaults.ttlMs : said - ageMsOf(valued('age'));
  if (ttlMs <= 0) return undefined;
  if (control.has('must-revalidate') || control.has('proxy-revalidate'))
    return { ttlMs, staleMs: 0, staleIfErrorMs: 0 };
  return {
    ttlMs,
    staleMs: control.milliseconds('stale-while-revalidate') ?? defaults.staleMs,
    staleIfErrorMs: control.milliseconds('stale-if-error') ?? defaults.staleIfErrorMs,
  };
}

/** As RFC 9111, 5.3: what is no date is past. */
function untilMs(expires: string | undefined): number | undefined {
  if (expires === undefined) return undefined;
  const at = Date.parse(expires);
  // `0` alone would be a year.
  return Number.isNaN(at) || /^-?\d+$/.test(expires)
    ? 0
    : Math.max(0, Math.min(at - Date.now(), ONE_YEAR_SECONDS * 1_000));
}

function ageMsOf(age: string | undefined): number {
  const [seconds = '0'] = /^\d{1,10}/.exec(age ?? '') ?? [];
  return Number(seconds) * 1_000;
}

function varies(vary: string | undefined, named: readonly string[]): boolean {
  return vary === undefined || vary.split(',').every((name) => named.includes(name.trim().toLowerCase()));
}

/** What is kept of a response. @param outer names of headers that are not the handler's: they are set anew for each answer */
export function storedResponse(response: FreshResponse, outer: ReadonlySet<string>): StoredResponse {
  const headers = response.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  const text = response.body.toString('utf8');
  const isText = Buffer.byteLength(text) === response.body.length && !text.includes('\ufffd');
  return {
    status: response.status,
    headers: headers.filter(([name]) => !NEVER_KEPT_HEADERS.has(name) && !outer.has(name)),
    body: isText ? text : response.body.toString('base64'),
    encoding: isText ? 'utf8' : 'base64',
    etag: headers.find(([name]) => name === 'etag')?.[1] ?? etagOf(response.body),
    storedAt: Date.now() - ageMsOf(headers.find(([name]) => name === 'age')?.[1]),
  };
}

export function etagOf(body: Buffer): string {
  return `"${createHash('sha1').update(body).digest('base64url')}"`;
}

/** `Cache-Control` for an answer that has none. */
export function cacheControlOf({ ttlMs, staleMs, staleIfErrorMs }: KeepTimes, isPrivate: boolean): string {
  const seconds = (name: string, milliseconds: number): string[] =>
    milliseconds < 1_000 ? [] : [`${name}=${Math.floor(milliseconds / 1_000)}`];
  return [
    isPrivate ? 'private' : 'public',
    `max-age=${Math.floor(ttlMs / 1_000)}`,
    ...seconds('stale-while-revalidate', staleMs),
    ...seconds('stale-if-error', staleIfErrorMs),
  ].join(', ');
}
