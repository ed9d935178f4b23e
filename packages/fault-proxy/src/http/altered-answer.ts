import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '@mainstay/core';
import type { AnswerPlan } from './answer-plan.js';
import { piecesOf, stepsIn, waitUntil } from './pace.js';

/** How much of a body without a declared length is read before a wrong one is declared for it. */
const MOST_BYTES_TO_COUNT = 1_048_576;

const PARTS_A_SECOND = 50;

/** Writes one answer of the target to the client by hand, altered as planned, and closes the connection. */
export class AlteredAnswer {
  readonly #socket: Socket;
  readonly #request: IncomingMessage;
  readonly #answer: IncomingMessage;
  readonly #plan: AnswerPlan;
  readonly #clock: Clock;

  /** @param socket the client's, which a request that is over has lost */
  constructor(
    socket: Socket,
    request: IncomingMessage,
    answer: IncomingMessage,
    plan: AnswerPlan,
    clock: Clock,
  ) {
    this.#socket = socket;
    this.#request = request;
    this.#answer = answer;
    this.#plan = plan;
    this.#clock = clock;
  }

  async write(): Promise<void> {
    const body = this.#answer[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>;
    const declared = declaredLength(this.#answer);
    const counted: Buffer[] = [];
    let length = declared;
    if (this.#hasBody && this.#plan.lengthOff !== undefined && length === undefined) {
      length = await this.#count(body, counted);
    }
    const chunked = this.#hasBody && length === undefined && this.#request.httpVersion === '1.1';
    await this.#writeHead(this.#head(length, chunked));
    if (this.#hasBody) await this.#writeBody(join(counted, body), declared, chunked);
    this.#socket.end();
  }

  get #hasBody(): boolean {
    const status = this.#answer.statusCode ?? 200;
    return this.#request.method !== 'HEAD' && status !== 204 && status !== 304;
  }

  async #count(body: AsyncIterator<Buffer>, counted: Buffer[]): Promise<number> {
    let bytes = 0;
    while (bytes < MOST_BYTES_TO_COUNT) {
      const next = await body.next();
      if (next.done === true) break;
      counted.push(next.value);
      bytes += next.value.length;
    }
    return bytes;
  }

  #head(length: number | undefined, chunked: boolean): Buffer {
    const { statusCode, statusMessage, rawHeaders } = this.#answer;
    const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
    const replaced = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length']);
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] as string;
      if (!replaced.has(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[index + 1]}`);
    }
    const off = this.#hasBody ? (this.#plan.lengthOff ?? 0) : 0;
    if (length !== undefined) lines.push(`Content-Length: ${Math.max(0, length + off)}`);
    if (chunked) lines.push('Transfer-Encoding: chunked');
    lines.push('Connection: close', '', '');
    return Buffer.from(lines.join('\r\n'), 'latin1');
  }

  async #writeHead(head: Buffer): Promise<void> {
    const slow = this.#plan.slowHead;
    if (slow === undefined) return this.#send(head);
    const pieces = piecesOf(head, stepsIn(slow.amount));
    const start = this.#clock.now();
    for (const [index, piece] of pieces.entries()) {
      await waitUntil(this.#clock, start + ((index + 1) * slow.amount) / pieces.length, slow);
      await this.#send(piece);
    }
  }

  async #writeBody(
    body: AsyncIterable<Buffer>,
    declared: number | undefined,
    chunked: boolean,
  ): Promise<void> {
    const { truncateAtBytes } = this.#plan;
    const truncated = truncateAtBytes !== undefined && declared !== 0;
    let left = truncated ? Math.min(truncateAtBytes, (declared ?? Number.POSITIVE_INFINITY) - 1) : Infinity;
    for await (const chunk of body) {
      if (this.#socket.destroyed || left === 0) return;
      const passed = chunk.length > left ? chunk.subarray(0, left) : chunk;
      left -= passed.length;
      await this.#sendSlowly(passed, chunked);
    }
    if (chunked && !truncated) await this.#send(Buffer.from('0\r\n\r\n'));
  }

  async #sendSlowly(bytes: Buffer, chunked: boolean): Promise<void> {
    const slow = this.#plan.slowBody;
    if (slow === undefined) return this.#send(framed(bytes, chunked));
    const pieceBytes = Math.max(1, Math.floor(slow.amount / PARTS_A_SECOND));
    let dueAt = this.#clock.now();
    for (const piece of piecesOf(bytes, bytes.length / pieceBytes)) {
      dueAt += (piece.length / slow.amount) * 1_000;
      await waitUntil(this.#clock, dueAt, slow);
      await this.#send(framed(piece, chunked));
    }
  }

  /** Waits for a slow client, and not for one that has gone. */
  async #send(bytes: Buffer): Promise<void> {
    const socket = this.#socket;
    if (bytes.length === 0 || !socket.writable || socket.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('drain', done);
        socket.off('close', done);
        resolve();
      };
      socket.on('drain', done);
      socket.on('close', done);
    });
  }
}

function declaredLength(answer: IncomingMessage): number | undefined {
  const value = answer.headers['content-length'];
  return value === undefined ? undefined : Number(value);
}

function framed(bytes: Buffer, chunked: boolean): Buffer {
  if (!chunked || bytes.length === 0) return bytes;
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

async function* join(first: Buffer[], rest: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  yield* first;
  yield* rest;
}
