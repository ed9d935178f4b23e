// Tells when the visitor hangs up before the answer.
import type { FastifyReply } from 'fastify';

/**
 * Aborts when the connection closes before the reply has been sent. Fastify's own `request.signal` listens to the
 * request, which Node also closes once its body has been read: with a POST it would abort at once.
 */
export function visitorSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort(new Error('The visitor hung up'));
  });
  return controller.signal;
}
