// Everything registered beside this plugin needs a token, and finds the caller in `request.user`.
import type { FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { Problem } from '../http/problem.js';
import type { Tokens } from './tokens.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling; empty on routes that need no token. */
    user: string;
  }
}

export const requireUser = fastifyPlugin<{ tokens: Tokens }>(async (app, { tokens }) => {
  app.decorateRequest('user', '');
  app.addHook('onRequest', async (request) => {
    const result = await tokens.verify(bearerToken(request));
    if ('problem' in result) throw unauthorized(explanations[result.problem], 'Bearer error="invalid_token"');
    request.user = result.user;
  });
});

const explanations = {
  expired: 'Your token has expired. Get a new one.',
  invalid: 'Your token is not valid here.',
};

function bearerToken(request: FastifyRequest): string {
  const [, token] = /^Bearer +([\w.~+/=-]+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) throw unauthorized('Send a token: "Authorization: Bearer <token>".', 'Bearer');
  return token;
}

const unauthorized = (detail: string, challenge: string) =>
  new Problem(401, 'unauthorized', detail, { headers: { 'www-authenticate': challenge } });
