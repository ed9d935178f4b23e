import type { Draw } from '../random.js';

/** Random bytes that no HTTP parser takes: the first one is above 127. */
export function garbageBytes(length: number, random: Draw): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index++) bytes[index] = Math.floor(random() * 256);
  bytes[0] = (bytes[0] as number) | 0x80;
  return bytes;
}
