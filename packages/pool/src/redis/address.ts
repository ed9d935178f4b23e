import { invalidOption } from '@mainstay/core';

/** Says where a server is not: each of these would be found out by the first connection only, and again by every later one. */
export function refuseAddress(place: string, address: object): void {
  const { host, path, port, db } = address as Record<'host' | 'path' | 'port' | 'db', unknown>;
  refuseNonText(`${place}.host`, host);
  refuseNonText(`${place}.path`, path);
  refuseNonWhole(`${place}.port`, port, 65_535);
  refuseNonWhole(`${place}.db`, db, Number.MAX_SAFE_INTEGER);
}

/** @param shortForms whether a port or a URL will do @throws TypeError, RangeError naming the one that is wrong */
export function refuseAddresses(place: string, addresses: readonly unknown[], shortForms: boolean): void {
  for (const [index, address] of addresses.entries()) {
    const here = `${place}[${index}]`;
    if (typeof address === 'object' && address !== null) refuseAddress(here, address);
    else if (!shortForms) throw invalidOption('RedisLanes', here, 'must be an object', kindOf(address));
    // A node may be a port or a URL, which may hold a password.
    else if (typeof address === 'number') refuseNonWhole(here, address, 65_535);
    else if (typeof address !== 'string')
      throw invalidOption('RedisLanes', here, 'must be { host, port }, a port or a URL', address);
  }
}

const kindOf = (value: unknown): unknown => (typeof value === 'string' ? 'a string' : value);

function refuseNonText(place: string, value: unknown): void {
  if (value && typeof value !== 'string') throw invalidOption('RedisLanes', place, 'must be a string', value);
}

/** ioredis takes numbers as text, too. */
function refuseNonWhole(place: string, value: unknown, max: number): void {
  if (value === undefined || value === null || value === '') return;
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value));
  const number = Number(value);
  if (isNumber && Number.isInteger(number) && number >= 0 && number <= max) return;
  const mustBe = `must be a whole number from 0${max === 65_535 ? ' to 65535' : ''}`;
  throw invalidOption('RedisLanes', place, mustBe, value, isNumber ? 'range' : 'type');
}
