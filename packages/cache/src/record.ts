/**
 * How a value lies in Redis:
 *
 *     0      format (1)
 *     1      codec: 0 tombstone, 1 JSON, 2 MessagePack, 16-127 the application's; + 128: the body is deflated
 *     2-9    nonce: with the two bytes before it the *stamp*, which changes with every write
 *     10-17  fresh until      double, wall clock in milliseconds (the one time that leaves the process)
 *     18-25  stale until
 *     26-33  expires at
 *     34-35  number of tags, then for each its length in bytes (2) and its name in UTF-8
 *     …      17 bytes for each version: first that of the whole cache, then one a tag, in that order
 *     …      body
 *
 * An unknown format or codec is a miss, so that versions of this package can share a Redis during a rollout.
 */
export const STAMP_LENGTH = 10;
export const VERSION_LENGTH = 17;
const FORMAT = 1;
const HEAD_LENGTH = 36;
/** Shared by all records without tags. */
const NO_TAGS: string[] = [];

export const CODEC_TOMBSTONE = 0;

export interface WallTimes {
  freshUntil: number;
  staleUntil: number;
  expiresAt: number;
}

/** What was read, parsed as far as somebody asks. */
export class StoredRecord {
  /** Changes with every write. */
  readonly stamp: string;
  readonly tags: readonly string[];
  readonly #raw: Buffer;
  readonly #versionsAt: number;

  constructor(raw: Buffer, tags: readonly string[], versionsAt: number) {
    this.#raw = raw;
    this.stamp = stampOf(raw);
    this.tags = tags;
    this.#versionsAt = versionsAt;
  }

  /** With the bit that says whether the body is deflated. */
  get codec(): number {
    return this.#raw[1] ?? CODEC_TOMBSTONE;
  }

  get times(): WallTimes {
    const raw = this.#raw;
    return {
      freshUntil: raw.readDoubleBE(10),
      staleUntil: raw.readDoubleBE(18),
      expiresAt: raw.readDoubleBE(26),
    };
  }

  get body(): Buffer {
    return this.#raw.subarray(this.#versionsAt + VERSION_LENGTH * (this.tags.length + 1));
  }

  /** Whether it was written under this version: 0 is that of the whole cache, then one a tag. */
  hasVersion(index: number, version: Buffer | null | undefined): boolean {
    if (version?.length !== VERSION_LENGTH) return false;
    const raw = this.#raw;
    const at = this.#versionsAt + VERSION_LENGTH * index;
    // The differences are in the middle and at the end; a loop over 17 bytes is faster than a call out of JavaScript.
    for (let byte = VERSION_LENGTH - 1; byte >= 0; byte -= 1) {
      if (raw[at + byte] !== version[byte]) return false;
    }
    return true;
  }
}

/** Ten bytes that no earlier write had: format, codec, 53 random bits. */
export function newStamp(codec: number): Buffer {
  const stamp = Buffer.alloc(STAMP_LENGTH);
  stamp[0] = FORMAT;
  stamp[1] = codec;
  stamp.writeDoubleBE(Math.random() * Number.MAX_SAFE_INTEGER, 2);
  return stamp;
}

/** The stamp of whatever lies there, '' where there is nothing. */
export function stampOf(raw: Buffer | null): string {
  return raw === null ? '' : raw.toString('latin1', 0, STAMP_LENGTH);
}

export function encodeHead(stamp: Buffer, times: WallTimes, tags: readonly string[]): Buffer {
  const names = tags.map((tag) => Buffer.from(tag));
  const head = Buffer.alloc(HEAD_LENGTH + names.reduce((sum, name) => sum + 2 + name.length, 0));
  stamp.copy(head);
  head.writeDoubleBE(times.freshUntil, 10);
  head.writeDoubleBE(times.staleUntil, 18);
  head.writeDoubleBE(times.expiresAt, 26);
  head.writeUInt16BE(names.length, 34);
  let offset = HEAD_LENGTH;
  for (const name of names) {
    offset = head.writeUInt16BE(name.length, offset);
    offset += name.copy(head, offset);
  }
  return head;
}

/** Undefined for a tombstone, for nothing, and for what this version does not understand. */
export function decodeRecord(raw: Buffer | null): StoredRecord | undefined {
  if (raw === null || raw.length < HEAD_LENGTH || raw[0] !== FORMAT || raw[1] === CODEC_TOMBSTONE)
    return undefined;
  let offset = HEAD_LENGTH;
  let remaining = raw.readUInt16BE(34);
  const tags: string[] = remaining === 0 ? NO_TAGS : [];
  for (; remaining > 0; remaining -= 1) {
    if (offset + 2 > raw.length) return undefined;
    const length = raw.readUInt16BE(offset);
    tags.push(raw.toString('utf8', offset + 2, offset + 2 + length));
    offset += 2 + length;
  }
  if (offset + VERSION_LENGTH * (tags.length + 1) > raw.length) return undefined;
  return new StoredRecord(raw, tags, offset);
}

/** A value on its way to Redis. */
export interface EncodedValue {
  readonly stamp: Buffer;
  readonly times: WallTimes;
  /** Infinity: no end. */
  readonly lifetimeMs: number;
  readonly tags: readonly string[];
  /** Not compressed yet. */
  readonly body: Buffer;
}
