import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

/** An address without its zone and without the IPv6 clothes of an IPv4 one; undefined when it is none. */
export function readAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.length > 64) return undefined;
  const bare = text.split('%', 1)[0] as string;
  if (isIPv4(bare)) return bare;
  if (!isIPv6(bare)) return undefined;
  const groups = groupsOf(bare);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (!mapped) return bare.toLowerCase();
  const [high, low] = [groups[6] as number, groups[7] as number];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/**
 * What an address is counted as: itself for IPv4; for IPv6 its network, since one customer has 2^64 addresses and more.
 * `2001:db8:1:2ff::1` with 56 bits is `2001:db8:1:200::/56`.
 */
export function networkOf(address: string, ipv6Prefix: number): string {
  if (isIPv4(address)) return address;
  const groups = groupsOf(address).map((group, index) => {
    const bits = Math.min(16, Math.max(0, ipv6Prefix - 16 * index));
    return group & (0xffff << (16 - bits)) & 0xffff;
  });
  const kept = groups.slice(0, Math.ceil(ipv6Prefix / 16)).map((group) => group.toString(16));
  return `${kept.join(':')}${kept.length < 8 ? '::' : ''}/${ipv6Prefix}`;
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (dotted !== null) {
    const [, head, a, b, c, d] = dotted;
    const high = (Number(a) * 256 + Number(b)).toString(16);
    return groupsOf(`${head}${high}:${(Number(c) * 256 + Number(d)).toString(16)}`);
  }
  const [left = '', right] = address.split('::');
  const parse = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => parseInt(group, 16));
  const [front, back] = [parse(left), parse(right ?? '')];
  return [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
}

/** Addresses and networks (`10.0.0.0/8`, `fd00::/8`, `127.0.0.1`). */
export class Networks {
  readonly #list = new BlockList();

  /** @throws TypeError for what is neither */
  constructor(owner: string, option: string, networks: readonly string[]) {
    for (const network of networks) {
      const [written = '', bits] = network.split('/', 2);
      const longest = isIP(written) === 4 ? 32 : 128;
      const length = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
      // The addresses that are looked up have no IPv6 clothes on: neither must these. Wider than those clothes it holds all of IPv4.
      const address = readAddress(written);
      const mapped = isIP(written) === 6 && address !== undefined && isIPv4(address);
      if (address === undefined || !(length <= longest) || (mapped && length < 96)) {
        throw new TypeError(
          `${owner}: ${option} must hold addresses or networks such as "10.0.0.0/8", received ${JSON.stringify(network)}`,
        );
      }
      const prefix = mapped ? length - 96 : length;
      this.#list.addSubnet(address, prefix, isIPv4(address) ? 'ipv4' : 'ipv6');
    }
  }

  has(address: string): boolean {
    return this.#list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  }
}
