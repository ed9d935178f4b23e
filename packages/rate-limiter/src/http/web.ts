import { HttpLimit, type HttpLimitOptions, type Verdict } from './http-limit.js';
import type { RequestView } from './keys.js';

/** The Web's Request does not know its socket: the server has to say. */
export function viewOf<Request>(
  request: Request,
  raw: globalThis.Request,
  remoteAddress: string | undefined,
): RequestView<Request> {
  const { pathname, search } = new URL(raw.url);
  return {
    request,
    method: raw.method,
    url: pathname + search,
    remoteAddress,
    header: (name) => raw.headers.get(name) ?? undefined,
  };
}

/**
 * For servers that speak the Web's Request and Response (Deno, Bun, workers): decides on a request; `verdict.refusal` is the answer when it
 * is refused (`refusalResponse(verdict)`), `verdict.headers` belong on whatever answer is given.
 * @returns takes a request and the address of its socket; without the address all clients share one quota
 */
export function webRateLimit(
  options: HttpLimitOptions<Request>,
): (request: Request, remoteAddress?: string) => Promise<Verdict> {
  const limit = new HttpLimit('webRateLimit', options);
  return (request, remoteAddress) => limit.decide(viewOf(request, request, remoteAddress));
}

export function refusalResponse({ headers, refusal }: Verdict, method = 'GET'): Response | undefined {
  if (refusal === undefined) return undefined;
  return new Response(method === 'HEAD' ? null : refusal.body, {
    status: refusal.status,
    headers: { ...headers, ...refusal.headers },
  });
}
