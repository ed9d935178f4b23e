// Turns everything that is thrown into a problem+json answer, and nothing of our inside into it.
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { isDatabaseUnavailable } from '../database/unavailable.js';
import { Problem } from './problem.js';

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

function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const { status, code, message, retryAfterSeconds, members, headers } = problem;
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  return reply
    .code(status)
    .headers(headers)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({
      type: `urn:problem:${code}`,
      title: STATUS_CODES[status] ?? 'Error',
      status,
      detail: message,
      requestId: request.id,
      ...(retryAfterSeconds === undefined ? {} : { retryAfter: retryAfterSeconds }),
      ...members,
    });
}

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
    return new Problem(error.statusCode, 'bad-request', error.message, { cause: error });
  }
  return new Problem(500, 'internal', 'Something went wrong on our side. It has been noted.', {
    cause: error,
  });
}

function invalidRequest(issues: { instancePath: string; message?: string }[], part = 'request'): Problem {
  const errors = issues.map(({ instancePath, message }) => ({
    in: part,
    path: instancePath.split('/').filter(Boolean).join('.'),
    message: message ?? 'is invalid',
  }));
  const summary = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
  return new Problem(400, 'invalid-request', `The ${part} is not valid: ${summary}`, { members: { errors } });
}
