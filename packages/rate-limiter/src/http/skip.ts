import { option, readOptions } from '@mainstay/core';
import { clientAddress, type TrustProxy } from './client-address.js';
import { Networks } from './ip.js';
import type { RequestView } from './keys.js';

/** Requests that are not counted. */
export interface SkipLists<Request> {
  /** Paths without the query: exact, or with what begins so: `/health`, `/assets/*`. */
  readonly paths?: readonly string[];
  /** `OPTIONS`, `HEAD`, … */
  readonly methods?: readonly string[];
  /** Addresses and networks of clients: `10.0.0.0/8`. The address is the socket's, or found with `trustProxy`. */
  readonly addresses?: readonly string[];
  readonly trustProxy?: TrustProxy;
  readonly when?: (view: RequestView<Request>) => boolean;
}

/** @throws TypeError naming the list that is wrong */
export function makeSkip<Request>(
  owner: string,
  lists: SkipLists<Request> | undefined,
): (view: RequestView<Request>) => boolean {
  if (lists === undefined) return () => false;
  const read = readOptions(`${owner}: skip`, lists, {
    paths: option.array(
      option.custom<string>(
        'a path that begins with /',
        (path) => typeof path === 'string' && /^[/*]/.test(path),
      ),
    ),
    methods: option.array(option.string()),
    addresses: option.array(option.string()),
    trustProxy: option.custom<TrustProxy>('false, a number or a list', () => true, { default: false }),
    when: option.func<(view: RequestView<Request>) => boolean>({ optional: true }),
  });
  const exact = new Set(read.paths.filter((path) => !path.endsWith('*')));
  const prefixes = read.paths.filter((path) => path.endsWith('*')).map((path) => path.slice(0, -1));
  const methods = new Set(read.methods.map((method) => method.toUpperCase()));
  const addresses = new Networks(owner, 'skip.addresses', read.addresses);
  const addressOf = clientAddress(owner, read.trustProxy);
  return (view) => {
    if (methods.has(view.method.toUpperCase())) return true;
    const path = pathOf(view.url);
    if (exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix))) return true;
    if (read.addresses.length > 0) {
      const address = addressOf(view.remoteAddress, view.header('x-forwarded-for'));
      if (address !== undefined && addresses.has(address)) return true;
    }
    return read.when?.(view) === true;
  };
}

/** `/assets/../admin` is `/admin`, as for whoever serves it: a list of what is skipped must not be a way in. */
function pathOf(url: string): string {
  const path = url.split(/[?#]/, 1)[0] as string;
  if (!/\/\.|%2e|%2f|%5c|\\|\/\//i.test(path)) return path;
  // Read as a slash by some and not by others: no such path is on a list.
  if (/%2f|%5c/i.test(path)) return '';
  try {
    return new URL(path.replace(/^\/{2,}/, '/'), 'http://localhost').pathname;
  } catch {
    return '';
  }
}
