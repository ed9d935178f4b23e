import type { ServerResponse } from 'node:http';
import { answerOf, matches, variedBy } from './answer.js';
import { etagOf, type ResponseHead } from './judgement.js';
import { headerPairs, send } from './node.js';
import type { Hit, Lead, RequestView } from './response-cache.js';

interface Recording {
  readonly lead: Lead;
  readonly view: RequestView;
  readonly vary: readonly string[];
  readonly maxBytes: number;
  /** Of the visitor, since the handler does not see it: a kept response has to be a whole one. */
  readonly ifNoneMatch: string | undefined;
}

type Written = (chunk?: unknown, encoding?: unknown, callback?: unknown) => unknown;

/**
 * Copies what a handler writes to a Node response. A response that is cut off, or larger than the limit, is not kept; one that
 * fails while there is a stale one is replaced by it.
 */
export function record(response: ServerResponse, recording: Recording): void {
  new Recorder(response, recording).install();
}

class Recorder {
  readonly #response: ServerResponse;
  readonly #recording: Recording;
  readonly #write: Written;
  readonly #end: Written;
  readonly #writeHead: (...parameters: unknown[]) => ServerResponse;
  readonly #outer: ReadonlyMap<string, string>;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #state: 'waiting' | 'keeping' | 'dropped' | 'replaced' = 'waiting';
  #head: ResponseHead | undefined;

  constructor(response: ServerResponse, recording: Recording) {
    this.#response = response;
    this.#recording = recording;
    this.#write = response.write.bind(response) as Written;
    this.#end = response.end.bind(response) as Written;
    this.#writeHead = response.writeHead.bind(response) as (...parameters: unknown[]) => ServerResponse;
    // What was set before the handler had its turn belongs to this visit: a request's id, what is left of a limit.
    this.#outer = new Map(headerPairs(response.getHeaders()));
  }

  install(): void {
    const response = this.#response;
    const { lead, vary } = this.#recording;
    const varied = variedBy(response.getHeader('vary')?.toString(), vary);
    if (varied !== undefined) response.setHeader('vary', varied);
    Object.assign(response, {
      writeHead: (...parameters: unknown[]) => this.#beginHead(parameters),
      write: (...parameters: unknown[]) => this.#written(parameters),
      end: (...parameters: unknown[]) => this.#ended(parameters),
    });
    // The visitor went while the cache was asked.
    if (response.closed || response.destroyed) lead.gone();
    response.once('close', () => this.#closed());
  }

  #beginHead([status, ...rest]: unknown[]): ServerResponse {
    const response = this.#response;
    response.statusCode = status as number;
    const message = typeof rest[0] === 'string' ? [rest[0]] : [];
    setHeaders(response, rest[message.length]);
    if (this.#state === 'waiting') this.#begin();
    return this.#state === 'replaced' ? response : this.#writeHead(response.statusCode, ...message);
  }

  #written([chunk, encoding, callback]: unknown[]): unknown {
    this.#keep(chunk, encoding);
    // Begins it, if nothing has.
    if (!this.#response.headersSent && this.#state === 'waiting')
      this.#response.writeHead(this.#response.statusCode);
    if (this.#state !== 'replaced') return this.#write(chunk, encoding, callback);
    called(encoding, callback);
    return true;
  }

  #ended([chunk, encoding, callback]: unknown[]): unknown {
    this.#keep(chunk, encoding);
    const response = this.#response;
    if (!response.headersSent && this.#state === 'waiting') {
      if (response.statusCode === 200 && this.#whole && !response.hasHeader('etag'))
        response.setHeader('etag', etagOf(Buffer.concat(this.#chunks)));
      this.#begin();
      if (this.#unchanged()) return this.#end(typeof encoding === 'function' ? encoding : callback);
    }
    if (this.#state !== 'replaced') return this.#end(chunk, encoding, callback);
    called(chunk, encoding, callback);
    return response;
  }

  #begin(): void {
    const response = this.#response;
    this.#head = { status: response.statusCode, headers: headerPairs(response.getHeaders()) };
    const beginning = this.#recording.lead.begin(this.#head);
    if (beginning.kind === 'replace') {
      this.#replace(beginning.hit);
      return;
    }
    this.#state = beginning.kind === 'keep' ? 'keeping' : 'dropped';
    if (beginning.kind === 'drop') this.#chunks = [];
    else if (beginning.cacheControl !== undefined)
      response.setHeader('cache-control', beginning.cacheControl);
  }

  /** The visitor has it already: it goes out as 304, and is kept as it was. */
  #unchanged(): boolean {
    const response = this.#response;
    const etag = response.getHeader('etag');
    const { ifNoneMatch } = this.#recording;
    if (this.#state === 'replaced' || response.statusCode !== 200 || typeof etag !== 'string') return false;
    if (!matches(ifNoneMatch, etag)) return false;
    this.#head = { status: 200, headers: headerPairs(response.getHeaders()) };
    response.statusCode = 304;
    for (const name of response.getHeaderNames())
      if (name.startsWith('content-') || name === 'transfer-encoding') response.removeHeader(name);
    return true;
  }

  #replace(hit: Hit): void {
    const response = this.#response;
    const { view, vary } = this.#recording;
    this.#state = 'replaced';
    this.#chunks = [];
    for (const name of response.getHeaderNames()) if (!this.#outer.has(name)) response.removeHeader(name);
    Object.assign(response, { writeHead: this.#writeHead, write: this.#write, end: this.#end });
    send(response, answerOf(view, hit, vary));
    Object.assign(response, {
      writeHead: () => response,
      write: (...parameters: unknown[]) => this.#written(parameters),
      end: (...parameters: unknown[]) => this.#ended(parameters),
    });
  }

  #keep(chunk: unknown, encoding: unknown): void {
    if (this.#state === 'dropped' || this.#state === 'replaced') return;
    const copy = copyOf(chunk, encoding);
    this.#bytes += copy.length;
    if (this.#whole) this.#chunks.push(copy);
    else {
      this.#chunks = [];
      this.#recording.lead.done(undefined);
    }
  }

  get #whole(): boolean {
    return this.#bytes <= this.#recording.maxBytes;
  }

  #closed(): void {
    const { lead } = this.#recording;
    const response = this.#response;
    if (!response.writableFinished && this.#state !== 'dropped' && this.#state !== 'replaced') lead.gone();
    if (this.#head === undefined || this.#state !== 'keeping' || !response.writableFinished || !this.#whole) {
      lead.done(undefined);
      return;
    }
    // With what was set at the last moment: a cookie, for one.
    const last = headerPairs(response.getHeaders());
    const headers = [...last, ...this.#head.headers.filter(([name]) => !response.hasHeader(name))];
    const outer = new Set(
      headers.filter(([name, value]) => this.#outer.get(name) === value).map(([name]) => name),
    );
    lead.done({ status: this.#head.status, headers, body: Buffer.concat(this.#chunks) }, outer);
  }
}

/** `writeHead` takes an object, or a flat list of names and values. */
function setHeaders(response: ServerResponse, headers: unknown): void {
  if (Array.isArray(headers)) {
    const pairs = Array.isArray(headers[0]) ? headers : pairsOf(headers);
    for (const [name] of pairs) response.removeHeader(String(name));
    for (const [name, value] of pairs) response.appendHeader(String(name), value as string);
    return;
  }
  for (const [name, value] of Object.entries(headers ?? {}))
    if (value !== undefined) response.setHeader(name, value as string);
}

function pairsOf(flat: readonly unknown[]): unknown[][] {
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]]] : []));
}

function called(...parameters: unknown[]): void {
  const callback = parameters.find((parameter) => typeof parameter === 'function');
  if (callback !== undefined) queueMicrotask(callback as () => void);
}

function copyOf(chunk: unknown, encoding: unknown): Buffer {
  if (chunk === undefined || chunk === null || typeof chunk === 'function') return Buffer.alloc(0);
  if (typeof chunk !== 'string') return Buffer.from(chunk as Uint8Array);
  return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
}
