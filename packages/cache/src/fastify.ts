import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { answerOf, matches } from './http/answer.js';
import { grouped, headerPairs, nodeView } from './http/node.js';
import {
  etagOf,
  type FreshResponse,
  ResponseCache,
  type ResponseCacheOptions,
} from './http/response-cache.js';

export type { ResponseCacheOptions } from './http/response-cache.js';

export interface ResponseCachePluginOptions extends ResponseCacheOptions<FastifyRequest> {
  /** Which requests are looked at. Default: all GET and HEAD requests of the instance. */
  only?: (request: FastifyRequest) => boolean;
}

/** By request: what is to be told when its response is known. */
type Leads = WeakMap<FastifyRequest, (fresh: FreshResponse | undefined) => void>;

const plugin: FastifyPluginAsync<ResponseCachePluginOptions> = async (app, { only, ...options }) => {
  const responses = new ResponseCache<FastifyRequest>('responseCachePlugin', options);
  const leads: Leads = new WeakMap();
  const giveUp = (request: FastifyRequest): void => {
    leads.get(request)?.(undefined);
    leads.delete(request);
  };
  // After onRequest and preValidation, where applications find out who the client is.
  app.addHook('preHandler', async (request, reply) => {
    if (only?.(request) === false) return;
    const view = nodeView(request.raw, request.originalUrl);
    const verdict = await responses.open(request, view);
    if (verdict.kind === 'lead') leads.set(request, verdict.done);
    // The client went while the cache was asked.
    if (request.raw.destroyed || reply.raw.destroyed) giveUp(request);
    if (verdict.kind !== 'hit') return;
    const { status, headers, body } = answerOf(view, verdict, responses.vary);
    for (const [name, value] of grouped(headers)) reply.header(name, value);
    // Fastify counts the bytes of what HEAD does not send.
    const { body: text, encoding } = verdict.response;
    return reply.code(status).send(status === 304 ? body : Buffer.from(text, encoding));
  });
  app.addHook('onSend', async (request, reply, payload) => {
    if (!leads.has(request)) return payload;
    return sendFresh(responses, leads, request, reply, payload);
  });
  // A stream, a client that went, an answer past Fastify: nothing that could be kept.
  app.addHook('onResponse', async (request) => giveUp(request));
  app.addHook('onRequestAbort', async (request) => giveUp(request));
};

function sendFresh(
  responses: ResponseCache<FastifyRequest>,
  leads: Leads,
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): unknown {
  if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return payload;
  const body = Buffer.from(payload as string);
  const others = String(reply.getHeader('vary') ?? '');
  const fresh = { status: reply.statusCode, headers: headerPairs(reply.getHeaders() as never), body };
  leads.get(request)?.(fresh);
  leads.delete(request);
  const missing = responses.vary.filter((name) => !others.toLowerCase().includes(name));
  reply.header('vary', [others, ...missing].filter((name) => name !== '').join(', '));
  if (reply.statusCode !== 200) return payload;
  const etag = String(reply.getHeader('etag') ?? etagOf(body));
  reply.header('etag', etag);
  if (!matches(request.headers['if-none-match'], etag)) return payload;
  reply.code(304).removeHeader('content-length').removeHeader('content-type');
  return null;
}

/** Caches the responses of a Fastify 5 instance: `app.register(responseCachePlugin, { cache, ttlMs: 10_000 })`. */
const responseCachePlugin = fastifyPlugin(plugin, { name: '@mainstay/cache', fastify: '5.x' });

export default responseCachePlugin;
export { responseCachePlugin };
