import { invalidOption } from '@mainstay/core';
import { Networks, readAddress } from './ip.js';

/**
 * Which proxies may say who the client is:
 * - `false`: none. The address is the socket's, and `X-Forwarded-For` is not read.
 * - a number: exactly so many stand in front, and nobody can reach this server past them.
 * - a list of addresses and networks: those; the client is the last address in `X-Forwarded-For` that is none of them.
 */
export type TrustProxy = false | number | readonly string[];

/** The longest chain that is read; beyond it somebody is playing. */
const MOST_HOPS = 32;

/** A function that finds the client's address. What a client writes into `X-Forwarded-For` itself stands left of what proxies add. */
export function clientAddress(
  owner: string,
  trustProxy: TrustProxy,
): (remote: string | undefined, forwardedFor: string | undefined) => string | undefined {
  if (trustProxy === false) return (remote) => readAddress(remote);
  if (typeof trustProxy === 'number' && Number.isInteger(trustProxy) && trustProxy > 0) {
    return (remote, forwardedFor) => behind(trustProxy, chain(remote, forwardedFor));
  }
  if (Array.isArray(trustProxy) && trustProxy.every((one) => typeof one === 'string')) {
    const proxies = new Networks(owner, 'trustProxy', trustProxy);
    return (remote, forwardedFor) => lastStranger(proxies, chain(remote, forwardedFor));
  }
  const mustBe = 'must be false, a number of proxies from 1, or a list of addresses and networks';
  throw invalidOption(owner, 'trustProxy', mustBe, trustProxy);
}

/** From the nearest to the farthest: the socket's address, then the header from right to left. */
function chain(remote: string | undefined, forwardedFor: string | undefined): (string | undefined)[] {
  const forwarded = forwardedFor === undefined ? [] : forwardedFor.split(',').slice(-MOST_HOPS).reverse();
  return [readAddress(remote), ...forwarded.map((entry) => readAddress(withoutPort(entry.trim())))];
}

/** Some proxies write `1.2.3.4:5678` or `[2001:db8::1]:5678`. */
function withoutPort(entry: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(entry);
  if (bracketed !== null) return bracketed[1] as string;
  return /^[\d.]+:\d+$/.test(entry) ? (entry.split(':', 1)[0] as string) : entry;
}

function behind(proxies: number, addresses: readonly (string | undefined)[]): string | undefined {
  let last = addresses[0];
  for (const address of addresses.slice(1, proxies + 1)) {
    // What is no address was not written by a proxy.
    if (address === undefined) return last;
    last = address;
  }
  return last;
}

function lastStranger(proxies: Networks, addresses: readonly (string | undefined)[]): string | undefined {
  let last = addresses[0];
  for (const address of addresses) {
    if (address === undefined) return last;
    last = address;
    if (!proxies.has(address)) return address;
  }
  return last;
}
