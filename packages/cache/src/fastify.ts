import { PassThrough, pipeline, Readable } from 'node:stream';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { answerOf, matches, variedBy } from './http/answer.js';
import { etagOf, type ResponseHead } from './http/judgement.js';
import { grouped, headerPairs, nodeView, takeIfNoneMatch } from './http/node.js';
import { repeatRequest } from './http/repeat.js';
import {
  type Hit,
  type Lead,
  type Repeat,
  type RequestView,
  ResponseCache,
  type ResponseCacheOptions,
} from './http/response-cache.js';

export type { ResponseCacheOptions } from './http/response-cache.js';

export interface ResponseCachePluginOptions extends ResponseCacheOptions<FastifyRequest> {
  /** Which requests are looked at. Default: all GET and HEAD requests of the instance. */
  only?: (request: FastifyRequest) => boolean;
}

/** A request whose response is to be kept. */
interface Leading {
  readonly lead: Lead;
  readonly ifNoneMatch: string | undefined;
  /** Headers that were there before the handler had its turn. */
  readonly outer: ReadonlyMap<string, string>;
  /** To be done when all was sent. */
  sent?: () => void;
}

const plugin: FastifyPluginAsync<ResponseCachePluginOptions> = async (app, { only, ...options }) => {
  const responses = new ResponseCache<FastifyRequest>('responseCachePlugin', options);
  const leading = new WeakMap<FastifyRequest, Leading>();
  const giveUp = (request: FastifyRequest): void => leading.get(request)?.lead.done(undefined);
  // After onRequest and preValidation, where applications find out who the client is.
  app.addHook('preHandler', async (request, reply) => {
    if (only?.(request) === false) return;
    const view = viewOf(request);
    const verdict = await responses.open(request, view, request.raw, repeatOf(app, request));
    if (verdict.kind === 'hit') return answer(responses, request, reply, verdict);
    if (verdict.kind === 'pass') return;
    leading.set(request, {
      lead: verdict.lead,
      ifNoneMatch: takeIfNoneMatch(request.raw),
      outer: new Map(headerPairs(reply.getHeaders() as never)),
    });
    // The client went while the cache was asked.
    if (request.raw.destroyed || reply.raw.destroyed) verdict.lead.gone();
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const own = leading.get(request);
    return own === undefined ? payload : new Sending(responses, own, request, reply).send(payload);
  });
  // A client that went, an answer past Fastify: nothing that could be kept.
  app.addHook('onResponse', async (request) => {
    leading.get(request)?.sent?.();
    giveUp(request);
  });
  app.addHook('onRequestAbort', async (request) => leading.get(request)?.lead.gone());
};

function viewOf({ raw, originalUrl, protocol, host }: FastifyRequest): RequestView {
  return nodeView(raw, originalUrl, `${protocol}://${host}`);
}

function repeatOf(app: FastifyInstance, request: FastifyRequest): Repeat {
  const handle = app.routing.bind(app) as unknown as Parameters<typeof repeatRequest>[2];
  return (lead, signal) => repeatRequest(request.raw, request.originalUrl, handle, lead, signal);
}

function answer(
  { vary }: ResponseCache<FastifyRequest>,
  request: FastifyRequest,
  reply: FastifyReply,
  hit: Hit,
): FastifyReply {
  const { status, headers, body } = answerOf(viewOf(request), hit, vary);
  for (const [name, value] of grouped(headers)) reply.header(name, value);
  // Fastify counts the bytes of what HEAD does not send.
  const { body: text, encoding } = hit.response;
  return reply.code(status).send(status === 304 ? body : Buffer.from(text, encoding));
}

/** The response of a request that leads, on its way out. */
class Sending {
  readonly #responses: ResponseCache<FastifyRequest>;
  readonly #own: Leading;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;

  constructor(
    responses: ResponseCache<FastifyRequest>,
    own: Leading,
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    this.#responses = responses;
    this.#own = own;
    this.#request = request;
    this.#reply = reply;
  }

  send(payload: unknown): unknown {
    const reply = this.#reply;
    const beginning = this.#own.lead.begin(this.#head());
    if (beginning.kind === 'replace') return this.#replace(beginning.hit);
    this.#vary();
    if (beginning.kind === 'drop') return payload;
    if (beginning.cacheControl !== undefined) reply.header('cache-control', beginning.cacheControl);
    if (payload instanceof Readable) return this.#copy(payload);
    if (typeof payload === 'string' || Buffer.isBuffer(payload)) return this.#whole(payload);
    this.#own.lead.done(undefined);
    return payload;
  }

  #whole(payload: string | Buffer): unknown {
    const reply = this.#reply;
    const body = Buffer.from(payload as string);
    if (reply.statusCode === 200) {
      if (!reply.hasHeader('etag')) reply.header('etag', etagOf(body));
      const head = this.#head();
      this.#keepWhenSent(head, () => body);
      if (!matches(this.#own.ifNoneMatch, String(reply.getHeader('etag')))) return payload;
      reply.code(304).removeHeader('content-length').removeHeader('content-type');
      return null;
    }
    this.#keepWhenSent(this.#head(), () => body);
    return payload;
  }

  /** The client gets it as it comes; its copy grows up to the limit. */
  #copy(payload: Readable): Readable {
    const { maxBodyBytes } = this.#responses;
    const chunks: Buffer[] = [];
    let bytes = 0;
    const copy = new PassThrough();
    copy.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBodyBytes) chunks.push(chunk);
      else {
        chunks.length = 0;
        this.#own.lead.done(undefined);
      }
    });
    copy.pause();
    this.#keepWhenSent(this.#head(), () => (bytes <= maxBodyBytes ? Buffer.concat(chunks) : undefined));
    // What fails is destroyed with its error, which Fastify hears of by the copy.
    return pipeline(payload, copy, () => {});
  }

  /** When all is sent: a cookie may be set at the last moment, and what was cut off is not kept. */
  #keepWhenSent(head: ResponseHead, bodyOf: () => Buffer | undefined): void {
    const { raw } = this.#reply;
    const { lead, outer } = this.#own;
    const sent = (): void => {
      const body = bodyOf();
      const own = new Set(
        head.headers.filter(([name, value]) => outer.get(name) === value).map(([name]) => name),
      );
      const cookie = this.#reply.hasHeader('set-cookie') || raw.hasHeader('set-cookie');
      lead.done(body === undefined || cookie ? undefined : { ...head, body }, own);
    };
    this.#own.sent = sent;
    // Whichever is first: other plugins' hooks may take their time.
    raw.once('finish', sent);
  }

  #replace(hit: Hit): unknown {
    const reply = this.#reply;
    const { status, headers, body } = answerOf(viewOf(this.#request), hit, this.#responses.vary);
    for (const name of Object.keys(reply.getHeaders()))
      if (!this.#own.outer.has(name)) reply.removeHeader(name);
    for (const [name, value] of grouped(headers)) reply.header(name, value);
    reply.code(status);
    return body ?? null;
  }

  #head(): ResponseHead {
    return { status: this.#reply.statusCode, headers: headerPairs(this.#reply.getHeaders() as never) };
  }

  #vary(): void {
    const others = this.#reply.getHeader('vary');
    const varied = variedBy(others === undefined ? undefined : String(others), this.#responses.vary);
    if (varied !== undefined) this.#reply.header('vary', varied);
  }
}

/** Caches the responses of a Fastify 5 instance: `app.register(responseCachePlugin, { cache, ttlMs: 10_000 })`. */
const responseCachePlugin = fastifyPlugin(plugin, { name: '@mainstay/cache', fastify: '5.x' });

export default responseCachePlugin;
export { responseCachePlugin };
