// Errors that a visitor is meant to read: application/problem+json (RFC 9457).
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly retryAfterSeconds: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Members of the body beside the usual ones. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    readonly status: number,
    /** Stable, for programs: `unknown-model`. */
    readonly code: string,
    detail: string,
    more: {
      retryAfterSeconds?: number;
      headers?: Record<string, string>;
      members?: Record<string, unknown>;
      cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: more.cause });
    this.retryAfterSeconds = more.retryAfterSeconds;
    this.headers = more.headers ?? {};
    this.members = more.members ?? {};
  }
}

/** The body of every error. */
export function problemBody(problem: Problem, requestId: string): Record<string, unknown> {
  const { status, code, message, retryAfterSeconds, members } = problem;
  return {
    type: `urn:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    requestId,
    ...(retryAfterSeconds === undefined ? {} : { retryAfter: retryAfterSeconds }),
    ...members,
  };
}

/** The same for the documentation. */
export const problemSchema = z
  .looseObject({
    type: z.string().describe('urn:problem:<code>'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    requestId: z.string().describe('quote it when you ask for help; the logs know it'),
    retryAfter: z.number().optional().describe('seconds, as in the header Retry-After'),
  })
  .describe('application/problem+json (RFC 9457)');

const descriptions = {
  400: 'The request is not valid; `errors` says where',
  401: 'No token, or not a valid one',
  404: 'There is no such thing, or it is not yours',
  413: 'The body is too large',
  415: 'The body is not application/json',
  422: 'Every model refused the message',
  500: 'A mistake of ours; the logs know it by `requestId`',
  503: 'Out of reach at the moment; try again later',
};

const retryAfter = { 'retry-after': { type: 'integer', description: 'seconds' } };

type DocumentedStatus = keyof typeof descriptions;

/** Documents the errors of a route: `response: { 200: …, ...problems(404, 503) }`. A 500 is always possible. */
export function problems<Status extends DocumentedStatus>(
  ...statuses: Status[]
): Record<Status | 500, typeof problemSchema> {
  const documented = [...statuses, 500 as const].map((status) => {
    const description = descriptions[status];
    return [status, problemSchema.meta({ description, ...(status === 503 ? { headers: retryAfter } : {}) })];
  });
  return Object.fromEntries(documented);
}
