import { option, readOptions } from '@mainstay/core';
import type { CacheCalls } from '../cache-calls.js';
import type { LoadContext } from '../types.js';
import { parseCacheControl } from './cache-control.js';
import {
  cacheControlOf,
  type FreshResponse,
  GONE,
  type KeepTimes,
  keepTimesOf,
  MAX_GONE,
  type ResponseHead,
  type StoredResponse,
  storedResponse,
} from './judgement.js';

/** A request, as far as the cache looks at it. */
export interface RequestView {
  readonly method: string;
  /** Path and query; with Hono the whole address. */
  readonly url: string;
  /** Protocol and host, in all forms in which the application may look at them. */
  readonly site: string;
  /** By lower-case name. */
  header(name: string): string | undefined;
}

export interface ResponseCacheOptions<Request> {
  cache: CacheCalls;
  /** How long a response is kept of which neither `Cache-Control` nor `Expires` says it. Default 0: not at all. */
  ttlMs?: number;
  /**
   * How long after that it is answered all the same while the handler makes a new one in the background. A response's own
   * `stale-while-revalidate` goes before, and `must-revalidate` forbids it. Default 0.
   */
  staleMs?: number;
  /**
   * How long after that it is answered in place of a status of 500 or more. A response's own `stale-if-error` goes before, and
   * `must-revalidate` forbids it. Default 0.
   */
  staleIfErrorMs?: number;
  /** Say these times in the `Cache-Control` of answers that have none: `private` where there is a user, else `public`. Default false. */
  sayCacheControl?: boolean;
  /** The request headers by which answers differ. A response whose `Vary` names another one is not kept. Default `accept`, `accept-encoding`. */
  vary?: readonly string[];
  /** Who asks: answers are kept for each of them apart. `undefined` or '': nobody in particular. */
  user?: (request: Request) => string | undefined;
  /** Keep the answers to requests with `Authorization` or `Cookie`, and give them to everybody. Default false. */
  shareAuthorised?: boolean;
  /** Tags of what is kept, to invalidate it by. */
  tags?: (request: Request) => readonly string[];
  /** Larger bodies pass through. Default 1 MiB. */
  maxBodyBytes?: number;
}

/** A kept response and how old it is. */
export interface Hit {
  readonly response: StoredResponse;
  readonly ageSeconds: number;
}

/** What becomes of a response, as far as its beginning says. */
export type Beginning =
  /** It is kept: hand it over when it is complete. `cacheControl` is what it is to say of itself. */
  | { readonly kind: 'keep'; readonly cacheControl: string | undefined }
  /** It is not. */
  | { readonly kind: 'drop' }
  /** The handler failed: answer this instead. */
  | { readonly kind: 'replace'; readonly hit: Hit };

/** The one request of several whose response is kept. */
export interface Lead {
  /** To be called as soon as the beginning is known: who waits for what is not kept need not wait for its end. */
  begin(head: ResponseHead): Beginning;
  /**
   * The complete response, or undefined if there is none to be kept. Must be called; only the first call counts.
   * @param outer names of headers that are not the handler's
   */
  done(response: FreshResponse | undefined, outer?: ReadonlySet<string>): void;
  /** In place of `done`: the visitor went away before the response was complete. One of those who wait leads then. */
  gone(): void;
}

/** What an adapter has to do with a request. */
export type Verdict =
  /** Answer it with this. */
  | ({ readonly kind: 'hit' } & Hit)
  /** Let the handler answer, and hand over its response. */
  | { readonly kind: 'lead'; readonly lead: Lead }
  /** Let the handler answer; it is no business of the cache. */
  | { readonly kind: 'pass' };

/**
 * Asks for the same response once more, in the background and not before this turn of the event loop has ended, and makes sure that
 * the lead is done in the end. Returns the framework's object of the new request.
 */
export type Repeat = (lead: Lead, signal: AbortSignal) => object;

const PASS: Verdict = Object.freeze({ kind: 'pass' });
const NOTHING: ReadonlySet<string> = new Set();

/**
 * Response caching without a framework: which requests, under which key, and which answers are kept.
 *
 * The key: protocol and host as the application sees them (Express' and Fastify's own settings say which proxy is trusted;
 * Hono trusts none), the `Host` header, path and query as they were asked for, the user, and the headers that `vary` names.
 */
export class ResponseCache<Request> {
  readonly vary: readonly string[];
  readonly maxBodyBytes: number;
  readonly #settings;
  readonly #defaults: KeepTimes;
  /** Requests made in the background, by the framework's object for them. */
  readonly #repeated = new WeakMap<object, { key: string; lead: Lead }>();

  /** @throws TypeError or RangeError naming the option that is wrong */
  constructor(owner: string, options: ResponseCacheOptions<Request>) {
    const settings = readOptions(owner, options, {
      cache: option.instance<CacheCalls>({ methods: ['getOrSet'], expected: 'a cache' }),
      ttlMs: option.milliseconds({ default: 0 }),
      staleMs: option.milliseconds({ default: 0 }),
      staleIfErrorMs: option.milliseconds({ default: 0 }),
      sayCacheControl: option.boolean({ default: false }),
      vary: option.array(option.string({ maxLength: 100 }), { maxLength: 20, optional: true }),
      user: option.func<(request: Request) => string | undefined>({ optional: true }),
      shareAuthorised: option.boolean({ default: false }),
      tags: option.func<(request: Request) => readonly string[]>({ optional: true }),
      maxBodyBytes: option.integer({ min: 1, default: 1_048_576 }),
    });
    const { ttlMs, staleMs, staleIfErrorMs } = settings;
    this.#settings = settings;
    this.#defaults = { ttlMs, staleMs, staleIfErrorMs };
    this.vary = (settings.vary ?? ['accept', 'accept-encoding']).map((name) => name.toLowerCase()).sort();
    this.maxBodyBytes = settings.maxBodyBytes;
  }

  /**
   * Never rejects for the cache's sake: what goes wrong there is a request that passes.
   * @param raw by which a repeated request is known again
   * @param repeat without it nothing is answered stale while it is refreshed
   */
  async open(request: Request, view: RequestView, raw: object, repeat: Repeat | undefined): Promise<Verdict> {
    const user = this.#settings.user?.(request) || undefined;
    const key = this.#keyOf(view, user);
    const repeated = this.#repeated.get(raw);
    if (repeated !== undefined) return this.#follow(repeated, key);
    if (!this.#wants(view, user)) return PASS;
    const tags = this.#settings.tags?.(request);
    if (view.method === 'HEAD') return this.#peekFor(key);
    return new Promise((resolve) => {
      let leads = false;
      const load = (context: LoadContext): Promise<StoredResponse | undefined> =>
        new Promise((loaded, failed) => {
          const lead = this.#lead(user, context, repeat !== undefined, { loaded, failed });
          if (!context.background) {
            leads = true;
            resolve({ kind: 'lead', lead });
          } else if (repeat === undefined) failed(new Error('Nothing is said about how to ask again'));
          else this.#repeated.set(repeat(lead, context.signal), { key, lead });
        });
      const options = { staleMs: 0, staleIfErrorMs: 0, ...(tags === undefined ? {} : { tags }) };
      const ask = (left: number): void => {
        this.#settings.cache.getOrSet(key, load, options).then(
          (response) => {
            if (response?.status === GONE.status && !leads && left > 0) ask(left - 1);
            // Who waited for a response that must not be kept asks the handler himself.
            else resolve(response === undefined || response.status === GONE.status ? PASS : hit(response));
          },
          () => resolve(PASS),
        );
      };
      ask(MAX_GONE);
    });
  }

  /** The repeated request may be another one to whoever found out the user: a token that has expired meanwhile. */
  #follow(repeated: { key: string; lead: Lead }, key: string): Verdict {
    if (repeated.key === key) return { kind: 'lead', lead: repeated.lead };
    repeated.lead.done(undefined);
    return PASS;
  }

  async #peekFor(key: string): Promise<Verdict> {
    const response = await this.#settings.cache.get<StoredResponse>(key).catch(() => undefined);
    return response === undefined ? PASS : hit(response);
  }

  #lead(
    user: string | undefined,
    context: LoadContext,
    repeatable: boolean,
    { loaded, failed }: { loaded(response: StoredResponse | undefined): void; failed(error: Error): void },
  ): Lead {
    const timesOf = (head: ResponseHead): KeepTimes | undefined => {
      const times = keepTimesOf(head, this.#defaults, this.vary, user !== undefined);
      return times === undefined || repeatable ? times : { ...times, staleMs: 0 };
    };
    const begin = (head: ResponseHead): Beginning => {
      const times = timesOf(head);
      if (head.status >= 500) {
        const stale = context.stale as StoredResponse | undefined;
        // Who waits for it gets the stale response, if there is one.
        failed(new Error(`The handler answered with status ${head.status}`));
        if (stale !== undefined) return { kind: 'replace', hit: hit(stale) };
      } else if (times !== undefined) {
        const said = has(head, 'cache-control') || has(head, 'expires');
        const silent = !this.#settings.sayCacheControl || said || times.ttlMs < 1_000;
        return { kind: 'keep', cacheControl: silent ? undefined : cacheControlOf(times, user !== undefined) };
      }
      loaded(undefined);
      return { kind: 'drop' };
    };
    const done = (response: FreshResponse | undefined, outer = NOTHING): void => {
      const fits = response !== undefined && response.body.length <= this.maxBodyBytes;
      const times = fits && begin(response).kind === 'keep' ? timesOf(response) : undefined;
      if (times === undefined || response === undefined) loaded(undefined);
      else {
        context.keepFor({ ...times });
        loaded(storedResponse(response, outer));
      }
    };
    const gone = (): void => {
      context.keepFor({ ttlMs: 0 });
      loaded(GONE);
    };
    return { begin, done, gone };
  }

  #wants(view: RequestView, user: string | undefined): boolean {
    if (view.method !== 'GET' && view.method !== 'HEAD') return false;
    if (view.header('range') !== undefined) return false;
    if (parseCacheControl(view.header('cache-control')).has('no-store')) return false;
    const authorised = view.header('authorization') !== undefined || view.header('cookie') !== undefined;
    return !authorised || user !== undefined || this.#settings.shareAuthorised;
  }

  #keyOf(view: RequestView, user: string | undefined): string {
    const varied = this.vary.map((name) => view.header(name) ?? null);
    return `http:${JSON.stringify([view.site, view.url, user ?? null, ...varied])}`;
  }
}

function has({ headers }: ResponseHead, wanted: string): boolean {
  return headers.some(([name]) => name.toLowerCase() === wanted);
}

function hit(response: StoredResponse): { kind: 'hit' } & Hit {
  const ageSeconds = Math.max(0, Math.floor((Date.now() - response.storedAt) / 1_000));
  return { kind: 'hit', response, ageSeconds };
}
