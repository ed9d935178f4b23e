import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { HttpAnswer } from './answer.js';
import type { RequestView } from './response-cache.js';

/** @param site how the application sees the visitor's way to it: a proxy that it trusts may say another host than `Host` does */
export function nodeView(request: IncomingMessage, url: string, site: string): RequestView {
  const header = (name: string): string | undefined => {
    const value = request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  return { method: request.method ?? 'GET', url, site: `${site} ${header('host') ?? ''}`, header };
}

/** Hides from the handler what the visitor has already: what is kept has to be a whole response. */
export function takeIfNoneMatch(request: IncomingMessage): string | undefined {
  const ifNoneMatch = request.headers['if-none-match'];
  delete request.headers['if-none-match'];
  delete request.headers['if-modified-since'];
  return ifNoneMatch;
}

export function headerPairs(headers: OutgoingHttpHeaders): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    if (value === undefined) return [];
    return Array.isArray(value) ? value.map((item) => [name, item]) : [[name, String(value)]];
  });
}

/** Repeated headers become one list for each name, as Node sets them. */
export function grouped(headers: HttpAnswer['headers']): Map<string, string | string[]> {
  const byName = new Map<string, string | string[]>();
  for (const [name, value] of headers) {
    const others = byName.get(name);
    byName.set(name, others === undefined ? value : [others, value].flat());
  }
  return byName;
}

export function send(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  response.statusCode = status;
  for (const [name, value] of grouped(headers)) response.setHeader(name, value);
  response.end(body);
}
