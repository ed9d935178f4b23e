// Turns everything that is thrown into a problem+json answer, and nothing of our inside into it.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { isDatabaseUnavailable } from '../database/unavailable.js';
import { Problem, problemBody } from './problem.js';

export function registerProblemReplies(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    // Nobody is there to read it; 499 is what logs call that since nginx.
    if (reply.raw.destroyed) return reply.code(499).send();
    const problem = toProblem(error);
    if (problem.status >= 500) request.log.error({ err: error.cause ?? error }, problem.message);
    return sendProblem(request, reply, problem);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      request,
      reply,
      new Problem(404, 'not-found', 'There is nothing here. /docs lists what there is.'),
    ),
  );
}

/** What the router cannot read gets no further: no hook has run. Its own texts repeat the URL, ours do not. */
export function answerRouterError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' });
  const problem =
    error.statusCode === 414
      ? new Problem(414, 'path-too-long', 'A part of the path is too long.')
      : new Problem(400, 'invalid-path', 'The path is not a valid one: check its percent signs.');
  sendProblem(request, reply, problem);
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const { status, retryAfterSeconds, headers } = problem;
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  return reply
    .code(status)
    .headers(headers)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(problemBody(problem, request.id));
}

const codes: Record<number, string> = { 413: 'body-too-large', 415: 'unsupported-media-type' };

function toProblem(error: FastifyError): Problem {
  if (error instanceof Problem) return error;
  if (hasZodFastifySchemaValidationErrors(error))
    return invalidRequest(error.validation, error.validationContext);
  if (isDatabaseUnavailable(error)) {
    const retryAfterSeconds = Math.max(1, Math.ceil(error.retryAfterMs / 1000));
    const detail = 'What you asked for is out of reach at the moment. Please try again shortly.';
    return new Problem(503, 'storage-unavailable', detail, { retryAfterSeconds, cause: error });
  }
  // Fastify's own: broken JSON, body too large, unsupported media type. Their texts are made for clients.
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    const code = codes[error.statusCode] ?? 'bad-request';
    return new Problem(error.statusCode, code, error.message, { cause: error });
  }
  return new Problem(500, 'internal', 'Something went wrong on our side. It has been noted.', {
    cause: error,
  });
}

const parts: Record<string, string> = {
  body: 'The request body',
  params: 'The path',
  querystring: 'The query string',
};

function invalidRequest(issues: { instancePath: string; message?: string }[], part = ''): Problem {
  const errors = issues.map(({ instancePath, message }) => ({
    in: part || 'request',
    path: instancePath.split('/').filter(Boolean).join('.'),
    message: message ?? 'is invalid',
  }));
  const summary = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
  return new Problem(400, 'invalid-request', `${parts[part] ?? 'The request'} is not valid: ${summary}`, {
    members: { errors },
  });
}
