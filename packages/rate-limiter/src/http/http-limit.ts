import { option, readOptions } from '@mainstay/core';
import type { Decision } from '../decision.js';
import type { RateLimiter } from '../rate-limiter.js';
import { legacyFields, limitField, policyField } from './fields.js';
import { byIp, type KeyOf, type RequestView } from './keys.js';
import { defaultMessage, type Refusal, refusal } from './refusal.js';
import { makeSkip, type SkipLists } from './skip.js';

export interface HttpLimitOptions<Request> {
  readonly limiter: RateLimiter;
  /** Whose quota a request uses. Default `byIp()`, without trust in any proxy. */
  readonly key?: KeyOf<Request>;
  /** What a request costs. Default 1. */
  readonly cost?: number | ((view: RequestView<Request>) => number | Promise<number>);
  readonly skip?: SkipLists<Request>;
  /** Whether `RateLimit-Policy` and `RateLimit` are sent. Default true. */
  readonly headers?: boolean;
  /** Whether `X-RateLimit-Limit`, `-Remaining` and `-Reset` are sent too. Default false. */
  readonly legacyHeaders?: boolean;
  /** What people read when they are refused. */
  readonly message?: (decision: Decision, view: RequestView<Request>) => string;
}

/** What is to be done with a request. */
export interface Verdict {
  /** Undefined when the request is not counted. */
  readonly decision: Decision | undefined;
  /** For the response, whoever makes it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined when the request may go on. */
  readonly refusal: Refusal | undefined;
}

const uncounted: Verdict = { decision: undefined, headers: {}, refusal: undefined };

/** Decides on requests, for any framework. */
export class HttpLimit<Request> {
  readonly #options;
  readonly #key: KeyOf<Request>;
  readonly #skip: (view: RequestView<Request>) => boolean;
  readonly #policy: string;

  /** @throws TypeError naming the option that is wrong */
  constructor(owner: string, received: HttpLimitOptions<Request>) {
    const { skip, ...options } = readOptions(owner, received, {
      limiter: option.instance<RateLimiter>({ methods: ['consume'], expected: 'a RateLimiter' }),
      key: option.func<KeyOf<Request>>({ optional: true }),
      cost: option.custom<NonNullable<HttpLimitOptions<Request>['cost']>>(
        'a number of at least 0 or a function',
        (value) => typeof value === 'function' || (typeof value === 'number' && (value >= 0 || 'range')),
        { default: 1 },
      ),
      skip: option.instance<SkipLists<Request>>({ optional: true }),
      headers: option.boolean({ default: true }),
      legacyHeaders: option.boolean({ default: false }),
      message: option.func<(decision: Decision, view: RequestView<Request>) => string>({
        default: defaultMessage,
      }),
    });
    this.#options = options;
    this.#key = options.key ?? byIp();
    this.#skip = makeSkip(owner, skip);
    this.#policy = policyField(options.limiter.policies);
  }

  /** Rejects only with what `key`, `cost`, `skip.when` or `message` throw. */
  async decide(view: RequestView<Request>): Promise<Verdict> {
    if (this.#skip(view)) return uncounted;
    const { limiter, cost, headers: withHeaders, legacyHeaders, message } = this.#options;
    const units = typeof cost === 'function' ? await cost(view) : cost;
    const decision = await limiter.consume(await this.#key(view), { cost: units });
    const headers: Record<string, string> = {};
    if (withHeaders) {
      headers['ratelimit-policy'] = this.#policy;
      headers.ratelimit = limitField(decision);
    }
    if (legacyHeaders) Object.assign(headers, legacyFields(decision));
    if (decision.allowed) return { decision, headers, refusal: undefined };
    const answer = refusal(decision, message(decision, view), view.header('accept'));
    return { decision, headers, refusal: answer };
  }
}
