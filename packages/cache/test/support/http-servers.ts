import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
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
  body: string | Buffer;
}

export interface RouteRequest {
  url: string;
  header(name: string): string | undefined;
}

export type Route = (request: RouteRequest) => Answer | Promise<Answer>;

export interface Settings {
  cache: Cache;
  ttlMs?: number;
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
  const { byUser, tags, ...options } = settings;
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

async function onExpress(settings: Settings, route: Route): Promise<Site> {
  const app = express();
  app.use(forExpress(optionsOf(settings, (request: express.Request) => request.get('x-user'))));
  app.get('/{*any}', async (request, response) => {
    const {
      status = 200,
      headers = {},
      body,
    } = await route({
      url: request.originalUrl,
      header: (name) => request.get(name),
    });
    response.status(status).set(headers).send(body);
  });
  return listen(createServer(app));
}

async function onFastify(settings: Settings, route: Route): Promise<Site> {
  const app = Fastify();
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
    return reply.code(status).headers(headers).send(body);
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url, close: () => app.close() };
}

async function onHono(settings: Settings, route: Route): Promise<Site> {
  const app = new Hono();
  app.use(
    forHono(
      optionsOf(settings, (context: { req: { header(name: string): string | undefined } }) =>
        context.req.header('x-user'),
      ),
    ),
  );
  app.get('/*', async (context) => {
    const { pathname, search } = new URL(context.req.url);
    const answer = await route({ url: pathname + search, header: (name) => context.req.header(name) });
    const body = typeof answer.body === 'string' ? answer.body : new Uint8Array(answer.body);
    return new Response(body, { status: answer.status ?? 200, headers: answer.headers ?? {} });
  });
  // A server of node:http in front of the Web handler, which is all that Hono's own one is.
  return listen(
    createServer(async (request, response) => {
      const { method = 'GET', url = '/', headers } = request;
      const web = new Request(`http://${headers.host}${url}`, {
        method,
        headers: headers as Record<string, string>,
      });
      const answer = await app.fetch(web);
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
    }),
  );
}

export const frameworks = { express: onExpress, fastify: onFastify, hono: onHono };
