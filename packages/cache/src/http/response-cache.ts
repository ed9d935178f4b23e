import { createHash } from 'node:crypto';
import { option, readOptions } from '@mainstay/core';
import type { CacheCalls } from '../cache-calls.js';
import { parseCacheControl } from './cache-control.js';

/** A request, as far as the cache looks at it. */
export interface RequestView {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly host: string | undefined;
  /** By lower-case name. */
  header(name: string): string | undefined;
}

/** A response as it is kept: JSON can hold it. */
export interface StoredResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly encoding: 'utf8' | 'base64';
  readonly etag: string;
  /** Wall clock, milliseconds. */
  readonly storedAt: number;
}

/** A response on its way out. */
export interface FreshResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface ResponseCacheOptions<Request> {
  cache: CacheCalls;
  /** How long a response is kept whose `Cache-Control` does not say. Default 0: not at all. */
  ttlMs?: number;
  /** The request headers by which answers differ. A response whose `Vary` names another one is not kept. Default `accept`, `accept-encoding`. */
  vary?: readonly string[];
  /** Who asks: answers are kept for each of them apart. `undefined`: nobody in particular. */
  user?: (request: Request) => string | undefined;
  /** Keep the answers to requests with `Authorization` or `Cookie`, and give them to everybody. Default false. */
  shareAuthorised?: boolean;
  /** Tags of what is kept, to invalidate it by. */
  tags?: (request: Request) => readonly string[];
  /** Larger bodies pass through. Default 1 MiB. */
  maxBodyBytes?: number;
}

/** What an adapter has to do with a request. */
export type Verdict =
  /** Answer it with this. */
  | { readonly kind: 'hit'; readonly response: StoredResponse; readonly ageSeconds: number }
  /** Let the handler answer, and hand over its response; undefined if there is none to be kept. Must be called, once. */
  | { readonly kind: 'lead'; readonly done: (response: FreshResponse | undefined) => void }
  /** Let the handler answer; it is no business of the cache. */
  | { readonly kind: 'pass' };

/** Statuses that RFC 9110 lets a cache keep without being told. */
const KEPT = new Set([200, 203, 204, 300, 301, 404, 405, 410, 414, 501]);
const NEVER_KEPT_HEADERS = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'date',
  'age',
  'upgrade',
]);
const PASS: Verdict = Object.freeze({ kind: 'pass' });

/** Response caching without a framework: which requests, under which key, and which answers are kept. */
export class ResponseCache<Request> {
  readonly vary: readonly string[];
  readonly maxBodyBytes: number;
  readonly #cache: CacheCalls;
  readonly #ttlMs: number;
  readonly #user: ((request: Request) => string | undefined) | undefined;
  readonly #shareAuthorised: boolean;
  readonly #tags: ((request: Request) => readonly string[]) | undefined;

  /** @throws TypeError or RangeError naming the option that is wrong */
  constructor(owner: string, options: ResponseCacheOptions<Request>) {
    const settings = readOptions(owner, options, {
      cache: option.instance<CacheCalls>({ methods: ['getOrSet'], expected: 'a cache' }),
      ttlMs: option.milliseconds({ default: 0 }),
      vary: option.array(option.string({ maxLength: 100 }), { maxLength: 20, optional: true }),
      user: option.func<(request: Request) => string | undefined>({ optional: true }),
      shareAuthorised: option.boolean({ default: false }),
      tags: option.func<(request: Request) => readonly string[]>({ optional: true }),
      maxBodyBytes: option.integer({ min: 1, default: 1_048_576 }),
    });
    this.#cache = settings.cache;
    this.#ttlMs = settings.ttlMs;
    this.vary = (settings.vary ?? ['accept', 'accept-encoding']).map((name) => name.toLowerCase()).sort();
    this.#user = settings.user;
    this.#shareAuthorised = settings.shareAuthorised;
    this.#tags = settings.tags;
    this.maxBodyBytes = settings.maxBodyBytes;
  }

  /** Never rejects for the cache's sake: what goes wrong there is a request that passes. */
  async open(request: Request, view: RequestView): Promise<Verdict> {
    const user = this.#user?.(request);
    if (!this.#wants(view, user)) return PASS;
    const key = this.#keyOf(view, user);
    const tags = this.#tags?.(request);
    if (view.method === 'HEAD') return this.#peekFor(key);
    return new Promise((resolve) => {
      this.#cache
        .getOrSet<StoredResponse | undefined>(
          key,
          (context) =>
            new Promise((loaded) => {
              const done = (response: FreshResponse | undefined): void => {
                const kept = response === undefined ? undefined : this.#judge(response, user);
                if (kept !== undefined) context.keepFor({ ttlMs: kept.ttlMs, staleMs: 0, staleIfErrorMs: 0 });
                loaded(kept?.stored);
              };
              resolve({ kind: 'lead', done });
            }),
          tags === undefined ? { staleMs: 0, staleIfErrorMs: 0 } : { tags, staleMs: 0, staleIfErrorMs: 0 },
        )
        .then(
          // Who waited for a response that must not be kept asks the handler himself.
          (response) => resolve(response === undefined ? PASS : hit(response)),
          () => resolve(PASS),
        );
    });
  }

  async #peekFor(key: string): Promise<Verdict> {
    const response = await this.#cache.get<StoredResponse>(key);
    return response === undefined ? PASS : hit(response);
  }

  #wants(view: RequestView, user: string | undefined): boolean {
    if (view.method !== 'GET' && view.method !== 'HEAD') return false;
    if (view.header('range') !== undefined) return false;
    if (parseCacheControl(view.header('cache-control')).has('no-store')) return false;
    const authorised = view.header('authorization') !== undefined || view.header('cookie') !== undefined;
    return !authorised || user !== undefined || this.#shareAuthorised;
  }

  #keyOf(view: RequestView, user: string | undefined): string {
    const varied = this.vary.map((name) => view.header(name) ?? null);
    return `http:${JSON.stringify([view.host ?? null, view.url, user ?? null, ...varied])}`;
  }

  /** Undefined: not to be kept. */
  #judge(
    response: FreshResponse,
    user: string | undefined,
  ): { stored: StoredResponse; ttlMs: number } | undefined {
    const headers = response.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
    const valued = (wanted: string): string | undefined => headers.find(([name]) => name === wanted)?.[1];
    if (!KEPT.has(response.status) || response.body.length > this.maxBodyBytes) return undefined;
    if (valued('set-cookie') !== undefined || !this.#varies(valued('vary'))) return undefined;
    const control = parseCacheControl(valued('cache-control'));
    if (control.has('no-store') || control.has('no-cache')) return undefined;
    if (control.has('private') && user === undefined) return undefined;
    const ttlMs = control.freshMs ?? this.#ttlMs;
    if (ttlMs === 0) return undefined;
    const etag = valued('etag') ?? etagOf(response.body);
    const text = response.body.toString('utf8');
    const isText = Buffer.byteLength(text) === response.body.length && !text.includes('\ufffd');
    const stored: StoredResponse = {
      status: response.status,
      headers: headers.filter(
        ([name]) => !NEVER_KEPT_HEADERS.has(name) && name !== 'etag' && name !== 'content-length',
      ),
      body: isText ? text : response.body.toString('base64'),
      encoding: isText ? 'utf8' : 'base64',
      etag,
      storedAt: Date.now(),
    };
    return { stored, ttlMs };
  }

  #varies(vary: string | undefined): boolean {
    if (vary === undefined) return true;
    return vary.split(',').every((name) => this.vary.includes(name.trim().toLowerCase()));
  }
}

function hit(response: StoredResponse): Verdict {
  const ageSeconds = Math.max(0, Math.floor((Date.now() - response.storedAt) / 1_000));
  return { kind: 'hit', response, ageSeconds };
}

export function etagOf(body: Buffer): string {
  return `"${createHash('sha1').update(body).digest('base64url')}"`;
}
