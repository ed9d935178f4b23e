import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HealthChecks } from './health-checks.js';
import { type HealthHttpOptions, HealthResponses } from './http-responses.js';

/**
 * For `node:http` and everything built on it: answers the health routes and returns true; returns false and touches nothing
 * for any other URL. In Express: `app.use((req, res, next) => handle(req, res) || next())`.
 */
export function nodeHandler(
  health: HealthChecks,
  options: HealthHttpOptions<IncomingMessage> = {},
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const responses = new HealthResponses('nodeHandler', health, options);
  return (request, response) => {
    const endpoint = responses.endpoint(request.url ?? '/');
    if (endpoint === undefined) return false;
    responses.answer(endpoint, request, request.method).then(({ status, headers, body }) => {
      // Another layer, a request timeout for one, may have answered meanwhile.
      if (response.headersSent || response.destroyed) return;
      response.writeHead(status, headers);
      response.end(request.method === 'HEAD' ? undefined : body);
    });
    return true;
  };
}
