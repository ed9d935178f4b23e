import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib';

/**
 * How a value becomes bytes in Redis. Its id stands in the header of each value: what was written with another id is a miss, so
 * a change of codec needs no flush. Ids 1 and 2 are ours, 16 to 127 yours; a new version of your codec takes a new id.
 */
export interface Codec {
  readonly id: number;
  /** Throws for what it has no form for: then the value stays in memory. */
  encode(value: unknown): Buffer;
  decode(body: Buffer): unknown;
}

/** JSON as bytes. Throws a TypeError for what JSON has no word for: BigInt, functions, symbols, cycles. */
export const jsonCodec: Codec = Object.freeze({
  id: 1,
  encode(value: unknown): Buffer {
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`JSON has no form for a ${typeof value}`);
    return Buffer.from(text);
  },
  decode: (body: Buffer): unknown => JSON.parse(body.toString('utf8')),
});

/** The part of msgpackr's `Packr` that is used. */
export interface MessagePacker {
  pack(value: unknown): Uint8Array;
  unpack(bytes: Uint8Array): unknown;
}

/**
 * MessagePack by msgpackr: `msgpackCodec(new Packr({ structuredClone: true }))`. Keeps `Date`, `Map`, `Set`, BigInt and bytes, which JSON
 * does not; from about 8 kB it reads 2 to 5 times faster.
 */
export function msgpackCodec(packer: MessagePacker): Codec {
  return Object.freeze({
    id: 2,
    // Copied: msgpackr hands out views of one large buffer.
    encode: (value: unknown): Buffer => Buffer.from(packer.pack(value)),
    decode: (body: Buffer): unknown => packer.unpack(body),
  });
}

/** The bit of the codec byte that says that the body is deflated. */
export const DEFLATED = 0x80;

/** From here on zlib runs in Node's thread pool: below, the way there takes longer than the work. */
const OFF_THE_LOOP_BYTES = 65_536;
const deflateLater = promisify<Buffer, { level: number }, Buffer>(deflateRaw);
const inflateLater = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflateRaw);
/** Level 1: four times smaller for tens of microseconds, and more would cost more than it saves. */
const FAST = { level: 1 };
const LARGEST = { maxOutputLength: 512 * 1024 * 1024 };

export function compress(body: Buffer): Buffer | Promise<Buffer> {
  return body.length < OFF_THE_LOOP_BYTES ? deflateRawSync(body, FAST) : deflateLater(body, FAST);
}

/** @throws or rejects when the bytes are not deflated */
export function decompress(body: Buffer): Buffer | Promise<Buffer> {
  // What was small when it was written may have been large before: deflate gets text to a tenth.
  return body.length < OFF_THE_LOOP_BYTES / 8 ? inflateRawSync(body, LARGEST) : inflateLater(body, LARGEST);
}
