import fc from 'fast-check';
import { jwtVerify, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { networkOf, readAddress } from '../src/http/ip.js';
import { bearerToken, byIp, byUser, type RequestView } from '../src/index.js';

function view(remoteAddress: string | undefined, headers: Record<string, string> = {}): RequestView<unknown> {
  return { request: undefined, method: 'GET', url: '/', remoteAddress, header: (name) => headers[name] };
}
const from = (remote: string | undefined, forwarded?: string) =>
  view(remote, forwarded === undefined ? {} : { 'x-forwarded-for': forwarded });

test('without trust in a proxy, X-Forwarded-For is not read', () => {
  expect(byIp()(from('203.0.113.7', '1.2.3.4'))).toBe('ip:203.0.113.7');
});

test('behind named proxies, the client is the last address that is none of them; what a client writes changes nothing', () => {
  const key = byIp({ trustProxy: ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'] });
  expect(key(from('127.0.0.1', '203.0.113.7, 10.1.2.3'))).toBe('ip:203.0.113.7');
  for (const spoofed of ['1.2.3.4', '10.9.9.9', '127.0.0.1', 'nonsense', '', ',,,', '::1, 2001:db8::1']) {
    expect(key(from('127.0.0.1', `${spoofed}, 203.0.113.7, 10.1.2.3`))).toBe('ip:203.0.113.7');
  }
  // Somebody who reaches the server past the proxies is who the socket says.
  expect(key(from('198.51.100.9', '203.0.113.7'))).toBe('ip:198.51.100.9');
  expect(key(from('::ffff:127.0.0.1', '203.0.113.7:4711'))).toBe('ip:203.0.113.7');
  expect(key(from('fd00::1', '[2001:db8:1:2ff::1]:443'))).toBe('ip:2001:db8:1:200::/56');
});

test('behind a number of proxies, so many addresses from the right are believed', () => {
  expect(byIp({ trustProxy: 1 })(from('10.0.0.1', '1.1.1.1, 203.0.113.7'))).toBe('ip:203.0.113.7');
  expect(byIp({ trustProxy: 2 })(from('10.0.0.1', '1.1.1.1, 203.0.113.7, 10.0.0.2'))).toBe('ip:203.0.113.7');
  expect(byIp({ trustProxy: 1 })(from('10.0.0.1'))).toBe('ip:10.0.0.1');
});

test('whatever stands left of what the proxies added, the key is the same', () => {
  const key = byIp({ trustProxy: ['10.0.0.0/8'] });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (left) => {
      expect(key(from('10.0.0.1', `${left}, 203.0.113.7`))).toBe('ip:203.0.113.7');
    }),
  );
});

test('trust must be explicit and is checked', () => {
  expect(() => byIp({ trustProxy: true as unknown as false })).toThrow('trustProxy');
  expect(() => byIp({ trustProxy: 0 })).toThrow('a number of proxies from 1');
  expect(() => byIp({ trustProxy: ['10.0.0.0/33'] })).toThrow('addresses or networks');
  expect(() => byIp({ trustProxy: ['loopback'] })).toThrow('"loopback"');
  expect(() => byIp({ ipv6Prefix: 0 })).toThrow('ipv6Prefix');
});

test('IPv6 is counted by its network', () => {
  const key = byIp();
  expect(key(from('2001:db8:1:2aa::1'))).toBe(key(from('2001:db8:1:2bb:ffff::9')));
  expect(key(from('2001:db8:1:2aa::1'))).not.toBe(key(from('2001:db8:1:3aa::1')));
  expect(byIp({ ipv6Prefix: 64 })(from('2001:DB8:1:2aa::1%eth0'))).toBe('ip:2001:db8:1:2aa::/64');
  expect(byIp({ ipv6Prefix: 128 })(from('::1'))).toBe('ip:0:0:0:0:0:0:0:1/128');
  expect(key(from('::ffff:203.0.113.7'))).toBe('ip:203.0.113.7');
  expect(key(from(undefined))).toBe('ip:unknown');
});

test('addresses of one network have one key, of any spelling', () => {
  fc.assert(
    fc.property(fc.ipV6(), fc.integer({ min: 1, max: 128 }), (address, prefix) => {
      const read = readAddress(address);
      expect(read).toBeDefined();
      if (read === undefined || !read.includes(':')) return;
      const network = networkOf(read, prefix);
      expect(networkOf(network.split('/')[0] as string, prefix)).toBe(network);
    }),
  );
});

test('a user is one that a verified token names; whoever makes up tokens is counted by address', async () => {
  const secret = new TextEncoder().encode('a secret of at least thirty-two bytes');
  const sign = (key: Uint8Array) =>
    new SignJWT({ sub: '42' }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1m').sign(key);
  const key = byUser(async (one) => (await jwtVerify(bearerToken(one) ?? '', secret)).payload.sub);
  const withToken = (token: string) => view('203.0.113.7', { authorization: `Bearer ${token}` });
  expect(await key(withToken(await sign(secret)))).toBe('user:42');
  const forged = await sign(new TextEncoder().encode('another secret of thirty-two bytes!!'));
  for (const token of [forged, 'nonsense', '']) expect(await key(withToken(token))).toBe('ip:203.0.113.7');
  expect(await key(view('203.0.113.7'))).toBe('ip:203.0.113.7');
});

test('a user of a session, whatever the fallback; a user cannot be called like an address', async () => {
  const key = byUser<{ user?: string }>(
    (one) => one.request.user,
    () => 'nobody',
  );
  expect(await key({ ...view('1.1.1.1'), request: { user: '203.0.113.7' } })).toBe('user:203.0.113.7');
  expect(await key({ ...view('1.1.1.1'), request: {} })).toBe('nobody');
});

test('networks may be written as IPv6 writes those of IPv4', () => {
  const key = byIp({ trustProxy: ['::ffff:10.0.0.0/104', '::ffff:127.0.0.1'] });
  expect(key(from('10.9.9.9', '203.0.113.7'))).toBe('ip:203.0.113.7');
  expect(key(from('::ffff:10.9.9.9', '203.0.113.7'))).toBe('ip:203.0.113.7');
  expect(key(from('127.0.0.1', '203.0.113.7'))).toBe('ip:203.0.113.7');
  expect(key(from('11.0.0.1', '203.0.113.7'))).toBe('ip:11.0.0.1');
  expect(() => byIp({ trustProxy: ['::ffff:0.0.0.0/90'] })).toThrow('addresses or networks');
});

test('what is no user is nobody, and a fallback must be a function', async () => {
  const key = byUser<{ user?: unknown }>((one) => one.request.user as string);
  for (const user of [{}, Number.NaN, [], true, '', null]) {
    expect(await key({ ...view('1.1.1.1'), request: { user } })).toBe('ip:1.1.1.1');
  }
  expect(() => byUser(() => 'x', 'x' as unknown as () => string)).toThrow('fallback');
});
