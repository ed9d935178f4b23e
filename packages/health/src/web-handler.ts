import type { HealthChecks } from './health-checks.js';
import { type HealthHttpOptions, HealthResponses } from './http-responses.js';

/**
 * For servers that speak the Web's Request and Response (Hono, Deno, Bun, workers): answers the health routes, and 404 for
 * any other URL. In Hono: `app.get('/health/*', ({ req }) => handle(req.raw))`.
 */
export function webHandler(
  health: HealthChecks,
  options: HealthHttpOptions<Request> = {},
): (request: Request) => Promise<Response> {
  const responses = new HealthResponses('webHandler', health, options);
  return async (request) => {
    const endpoint = responses.endpoint(new URL(request.url).pathname);
    if (endpoint === undefined) return new Response(null, { status: 404 });
    const { status, headers, body } = await responses.answer(endpoint, request, request.method);
    return new Response(request.method === 'HEAD' ? null : body, { status, headers });
  };
}
