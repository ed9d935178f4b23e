import type { IncomingMessage } from 'node:http';

/** How large a head may be: what is too large is the target's to say, whose limit is lower. */
export const MOST_HEADER_BYTES = 1_048_576;

/** Headers about the connection they came over, which is not the one they leave by. */
const hopByHop: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection']);

/** HTTP/1.0 knows no chunks: there, the body ends with the connection. */
const hopByHopOld: ReadonlySet<string> = new Set([...hopByHop, 'transfer-encoding']);

/** Methods for which Node does not take a body for granted, and so declares none. */
const bodyless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

/** The headers of a request, as names and values in turn, as they go to the target. */
export function requestHeaders(
  request: IncomingMessage,
  target: { readonly host: string; readonly port: number },
): string[] {
  const { headers, method = 'GET', rawHeaders } = request;
  const kept = without(rawHeaders, hopByHop);
  if (headers.host === undefined) {
    // HTTP/1.0 does without; what we speak to the target does not.
    kept.push('Host', `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`);
  }
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  // Else Node would announce a body in chunks.
  if (!hasBody && !bodyless.has(method)) kept.push('Content-Length', '0');
  return kept;
}

/** The headers of an answer, as names and values in turn, as they go to the client. */
export function answerHeaders(answer: IncomingMessage, request: IncomingMessage): string[] {
  return without(answer.rawHeaders, request.httpVersion === '1.0' ? hopByHopOld : hopByHop);
}

function without(rawHeaders: readonly string[], left: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (!left.has(name.toLowerCase())) kept.push(name, rawHeaders[index + 1] as string);
  }
  return kept;
}
