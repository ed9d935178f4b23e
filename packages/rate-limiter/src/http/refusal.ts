import type { Decision } from '../decision.js';
import { seconds } from './fields.js';

/** An answer instead of the handler's. */
export interface Refusal {
  readonly status: 429 | 503;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const problemTypes = 'https://iana.org/assignments/http-problem-types';

/** For people, in English: what happened, and when to try again. */
export function defaultMessage(decision: Decision): string {
  if (decision.reason === 'store')
    return 'We cannot take your request right now. Please try again in a moment.';
  if (decision.retryAfterMs === Number.POSITIVE_INFINITY) return 'This request is too large to be allowed.';
  return `Too many requests. Please wait ${spoken(seconds(decision.retryAfterMs))} and try again.`;
}

function spoken(total: number): string {
  const units: [string, number][] = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ];
  for (const [unit, length] of units) {
    if (total >= 2 * length) return `${Math.ceil(total / length)} ${unit}s`;
  }
  return total === 1 ? '1 second' : `${Math.max(total, 1)} seconds`;
}

/**
 * 429 when a limit was reached; 503 when only the absence of the store is the reason (`onStoreFailure: 'deny'`). Programs get
 * `application/problem+json` (RFC 9457) with the draft's problem types; a browser that asks for a page gets the message as one.
 */
export function refusal(decision: Decision, message: string, accept: string | undefined): Refusal {
  const away = decision.reason === 'store';
  const status = away ? 503 : 429;
  const title = away ? 'Service unavailable' : 'Too many requests';
  const headers: Record<string, string> = { 'cache-control': 'no-store', vary: 'Accept' };
  if (decision.retryAfterMs !== Number.POSITIVE_INFINITY) {
    headers['retry-after'] = String(Math.max(1, seconds(decision.retryAfterMs)));
  }
  if (asksForPage(accept)) {
    return {
      status,
      headers: { ...headers, 'content-type': 'text/html; charset=utf-8' },
      body: page(title, message),
    };
  }
  const body = {
    type: `${problemTypes}#${away ? 'temporary-reduced-capacity' : 'quota-exceeded'}`,
    title,
    status,
    detail: message,
    ...(away ? {} : { 'violated-policies': violated(decision) }),
    ...(decision.degraded ? { degraded: true } : {}),
  };
  return {
    status,
    headers: { ...headers, 'content-type': 'application/problem+json' },
    body: JSON.stringify(body),
  };
}

/** Whether HTML is named, and not as what is unwanted (`text/html;q=0`). */
function asksForPage(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return type === 'text/html' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

function violated(decision: Decision): string[] {
  const exhausted = (decision.policies ?? [])
    .filter(({ remaining }) => remaining === 0)
    .map(({ policy }) => policy);
  return exhausted.includes(decision.policy) ? exhausted : [decision.policy, ...exhausted];
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] as string);

function page(title: string, message: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title><h1>${escaped(title)}</h1><p>${escaped(message)}</p></html>\n`;
}
