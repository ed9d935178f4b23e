// Errors that a visitor is meant to read: application/problem+json (RFC 9457).
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

/** Documents the errors of a route: `response: { 200: …, ...problems(404, 503) }`. */
export function problems<Status extends number>(...statuses: Status[]): Record<Status, typeof problemSchema> {
  return Object.fromEntries(statuses.map((status) => [status, problemSchema])) as Record<
    Status,
    typeof problemSchema
  >;
}
