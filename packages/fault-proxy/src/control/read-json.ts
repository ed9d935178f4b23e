import type { IncomingMessage } from 'node:http';
import { Problem } from './answers.js';

/** A fault is a few fields; an error body may have up to 64 KiB of text. */
const MOST_BYTES = 131_072;

/**
 * The body of a request, parsed.
 *
 * The content type is asked for because a page in a browser cannot send it to another origin without asking first.
 * @throws Problem 400, 413 or 415
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new Problem(
      415,
      'Unsupported media type',
      'send JSON with the header Content-Type: application/json',
    );
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) {
      throw new Problem(413, 'Content too large', `a body has at most ${MOST_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new Problem(400, 'Not JSON', `the body is not JSON: ${(error as Error).message}`, {
      example: { type: 'latency', ms: 100, direction: 'to-client', forMs: 10_000 },
    });
  }
}
