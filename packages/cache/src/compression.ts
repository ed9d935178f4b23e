import { compress, DEFLATED } from './codec.js';
import type { EncodedValue } from './record.js';

/** Deflates what its stamp says is deflated, and counts the bytes before and after. */
export class Compression {
  before = 0;
  after = 0;

  /** A promise where zlib works off the event loop. */
  bodyOf({ stamp, body }: EncodedValue): Buffer | Promise<Buffer> {
    if (((stamp[1] ?? 0) & DEFLATED) === 0) return body;
    const compressed = compress(body);
    return Buffer.isBuffer(compressed)
      ? this.#count(body, compressed)
      : compressed.then((bytes) => this.#count(body, bytes));
  }

  #count(body: Buffer, compressed: Buffer): Buffer {
    this.before += body.length;
    this.after += compressed.length;
    return compressed;
  }
}
