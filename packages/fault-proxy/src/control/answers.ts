import type { ServerResponse } from 'node:http';
import { MainstayError } from '@mainstay/core';

/** An error that is answered as `application/problem+json` (RFC 9457). */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(status: number, title: string, detail: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.status = status;
    this.title = title;
    this.extra = extra;
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  type = 'application/json',
): void {
  if (response.headersSent || response.destroyed) return;
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    // What was not read of a refused body must not be taken for the next request.
    ...(response.req.complete ? {} : { connection: 'close' }),
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
    'application/problem+json',
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
