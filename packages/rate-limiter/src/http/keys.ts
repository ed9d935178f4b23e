import { option, readOptions } from '@mainstay/core';
import { clientAddress, type TrustProxy } from './client-address.js';
import { networkOf } from './ip.js';

/** What is needed of a request, whatever framework it belongs to. */
export interface RequestView<Request> {
  /** The framework's own: where an earlier hook has left its user. */
  readonly request: Request;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** The address at the other end of the socket. */
  readonly remoteAddress: string | undefined;
  header(name: string): string | undefined;
}

/** Whose quota a request uses. */
export type KeyOf<Request> = (view: RequestView<Request>) => string | Promise<string>;

export interface ByIpOptions {
  /** Default `false`: `X-Forwarded-For` is not read, since anybody can write it. */
  readonly trustProxy?: TrustProxy;
  /** Leading bits by which IPv6 addresses are told apart, 1 to 128. Default 56, what a household is given. */
  readonly ipv6Prefix?: number;
}

/**
 * One quota an address: `ip:203.0.113.7`, `ip:2001:db8:1:200::/56`. Requests without an address (a Unix socket) share `ip:unknown`.
 * @throws TypeError or RangeError naming the option that is wrong
 */
export function byIp<Request = unknown>(options: ByIpOptions = {}): KeyOf<Request> {
  const { trustProxy, ipv6Prefix } = readOptions('byIp', options, {
    trustProxy: option.custom<TrustProxy>('false, a number or a list', () => true, { default: false }),
    ipv6Prefix: option.integer({ min: 1, max: 128, default: 56 }),
  });
  const addressOf = clientAddress('byIp', trustProxy);
  return (view) => {
    const address = addressOf(view.remoteAddress, view.header('x-forwarded-for'));
    return `ip:${address === undefined ? 'unknown' : networkOf(address, ipv6Prefix)}`;
  };
}

/**
 * One quota a user: `user:42`; where nobody is signed in, the fallback's.
 *
 * The user must be one that was verified: what an authentication hook has left on the request, or what comes of verifying the token
 * here (`byUser(async (view) => (await jwtVerify(bearerToken(view) ?? '', key)).payload.sub)`). Never take it from a token that was only
 * decoded: whoever makes up tokens would get a new quota with each. A function that throws or rejects counts as nobody signed in.
 * @param userOf the user's id, or undefined
 * @param fallback default `byIp()`: behind a proxy pass `byIp({ trustProxy: … })`
 */
export function byUser<Request = unknown>(
  userOf: (
    view: RequestView<Request>,
  ) => string | number | null | undefined | Promise<string | number | null | undefined>,
  fallback: KeyOf<Request> = byIp(),
): KeyOf<Request> {
  if (typeof userOf !== 'function') throw new TypeError('byUser: takes a function that finds the user');
  if (typeof fallback !== 'function')
    throw new TypeError('byUser: the fallback must be a function, such as byIp()');
  return async (view) => {
    let user: string | number | null | undefined;
    try {
      user = await userOf(view);
    } catch {
      // A token that does not verify is no user.
    }
    const named =
      (typeof user === 'string' && user !== '') || (typeof user === 'number' && !Number.isNaN(user));
    return named ? `user:${user}` : fallback(view);
  };
}

/** The token of `Authorization: Bearer …`, not verified. */
export function bearerToken(view: Pick<RequestView<unknown>, 'header'>): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(view.header('authorization') ?? '')?.[1];
}
