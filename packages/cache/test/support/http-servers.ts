import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import express, { type Request } from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { cacheResponses as forExpress } from '../../src/express.js';
import { responseCachePlugin } from '../../src/fastify.js';
import { cacheResponses as forHono } from '../../src/hono.js';
import type { Cache } from '../../src/index.js';

/** What a test's route answers. */
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  /** An iterable: sent piece by piece, as it comes about. */
  body: string | Buffer | AsyncIterable<string>;
}

export interface RouteRequest {
  url: string;
  header(name: string): string | undefined;
}

export type Route = (request: RouteRequest) => Answer | Promise<Answer>;

export interface Settings {
  cache: Cache;
  ttlMs?: number;
  staleMs?: number;
  staleIfErrorMs?: number;
  sayCacheControl?: boolean;
  /** Each visit gets a number of its own from a middleware that comes before. */
  numbered?: boolean;
  vary?: string[];
  shareAuthorised?: boolean;
  byUser?: boolean;
  maxBodyBytes?: number;
  tags?: string[];
}

export interface Site {
  url: string;
  close(): Promise<void>;
}

function optionsOf<Request>(settings: Settings, userOf: (request: Request) => string | undefined) {
  const { byUser, tags, numbered: _, ...options } = settings;
  return {
    ...options,
    ...(byUser === true ? { user: userOf } : {}),
    ...(tags === undefined ? {} : { tags: () => tags }),
  };
}

function listen(server: Server): Promise<Site> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        url: `http://127.0.0.1:${port}`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}

let visits = 0;

/** Whatever Express it is: 4 and 5 differ in how they write a path that matches all. */
export async function onExpress(
  settings: Settings,
  route: Route,
  make: () => express.Express = express,
  everything = '/{*any}',
): Promise<Site> {
  const app = make();
  if (settings.numbered === true)
    app.use((_request, response, next) => {
      response.set('x-visit', `${++visits}`);
      next();
    });
  app.use(forExpress(optionsOf(settings, (request: express.Request) => request.get('x-user'))));
  app.get(everything, (request, response, next) => {
    const answer = async (): Promise<void> => {
      const {
        status = 200,
        headers = {},
        body,
      } = await route({
        url: request.originalUrl,
        header: (name) => request.get(name),
      });
      response.status(status).set(headers);
      if (isWhole(body)) response.send(body);
      else pipeline(Readable.from(body), response, () => {});
    };
    answer().catch(next);
  });
  app.use((_error: unknown, _request: Request, response: express.Response, _next: unknown) => {
    response.status(500).send('failed');
  });
  return listen(createServer(app));
}

async function onFastify(settings: Settings, route: Route): Promise<Site> {
  const app = Fastify({ forceCloseConnections: true });
  if (settings.numbered === true)
    app.addHook('onRequest', async (_request, reply) => void reply.header('x-visit', `${++visits}`));
  await app.register(
    responseCachePlugin,
    optionsOf(
      settings,
      (request: { headers: Record<string, unknown> }) => request.headers['x-user'] as string,
    ),
  );
  app.get('/*', async (request, reply) => {
    const {
      status = 200,
      headers = {},
      body,
    } = await route({
      url: request.originalUrl,
      header: (name) => request.headers[name] as string | undefined,
    });
    return reply
      .code(status)
      .headers(headers)
      .send(isWhole(body) ? body : Readable.from(body));
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url, close: () => app.close() };
}

async function onHono(settings: Settings, route: Route): Promise<Site> {
  const app = new Hono();
  app.onError((_error, context) => context.text('failed', 500));
  if (settings.numbered === true)
    app.use(async (context, next) => {
      await next();
      context.header('x-visit', `${++visits}`);
    });
  app.use(
    forHono({
      ...optionsOf(settings, (context: { req: { header(name: string): string | undefined } }) =>
        context.req.header('x-user'),
      ),
      refresh: (request) => app.fetch(request),
    }),
  );
  app.get('/*', async (context) => {
    const { pathname, search } = new URL(context.req.url);
    const answer = await route({ url: pathname + search, header: (name) => context.req.header(name) });
    const { body, status = 200, headers = {} } = answer;
    if (isWhole(body))
      return new Response(typeof body === 'string' ? body : new Uint8Array(body), { status, headers });
    const flowing = Readable.toWeb(Readable.from(body).map((piece: string) => Buffer.from(piece)));
    // As Hono's own stream() says it.
    return new Response(flowing as ReadableStream, {
      status,
      headers: { ...headers, 'transfer-encoding': 'chunked' },
    });
  });
  // A server of node:http in front of the Web handler, which is all that Hono's own one is.
  return listen(
    createServer(async (request, response) => {
      const { method = 'GET', url = '/', headers } = request;
      const web = new globalThis.Request(`http://${headers.host}${url}`, {
        method,
        headers: headers as Record<string, string>,
      });
      const answer = await app.fetch(web);
      const { 'transfer-encoding': _, ...kept } = Object.fromEntries(answer.headers);
      response.writeHead(answer.status, kept);
      try {
        for await (const piece of answer.body ?? []) response.write(piece);
        response.end();
      } catch {
        response.destroy();
      }
    }),
  );
}

function isWhole(body: Answer['body']): body is string | Buffer {
  return typeof body === 'string' || Buffer.isBuffer(body);
}

export const frameworks = { express: onExpress, fastify: onFastify, hono: onHono };
