import type { ServerResponse } from 'node:http';
import { MainstayError } from '@mainstay/core';

/** An error that is answered as `application/problem+json` (RFC 9457). */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    title: string,
    detail: string,
    extra: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.status = status;
    this.title = title;
    this.extra = extra;
    this.headers = headers;
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    // What was not read of a refused body must not be taken for the next request.
    ...(response.req.complete ? {} : { connection: 'close' }),
    ...headers,
  });
  response.end(text);
}

export function sendProblem(response: ServerResponse, error: unknown): void {
  const problem = asProblem(error);
  const { status, title, message: detail, extra } = problem;
  sendJson(
    response,
    status,
    { type: 'about:blank', title, status, detail, ...extra },
    { ...problem.headers, 'content-type': 'application/problem+json' },
  );
}

/** Wrong options are the caller's mistake, and their messages say what is allowed. */
function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError || error instanceof RangeError) {
    return new Problem(400, 'Invalid fault', error.message);
  }
  if (error instanceof MainstayError)
    return new Problem(409, 'Conflict', error.message, { code: error.code });
  return new Problem(500, 'Internal error', 'the request could not be carried out');
}
