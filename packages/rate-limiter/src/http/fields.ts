import type { Decision, PolicyState } from '../decision.js';
import type { Policy } from '../rate-limiter.js';

/**
 * The fields of draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy: "api";q=100;w=60` and `RateLimit: "api";r=12;t=30`, where
 * `t` is when more is to be had. `w` is left out where the window is no whole number of seconds, which is all that the field can say.
 */
export function policyField(policies: readonly Policy[]): string {
  return policies
    .map(({ name, limit, windowMs }) => {
      const window = windowMs % 1_000 === 0 ? `;w=${windowMs / 1_000}` : '';
      return `${quoted(name)};q=${limit}${window}`;
    })
    .join(', ');
}

export function limitField(decision: Decision): string {
  const policies: readonly PolicyState[] = decision.policies ?? [decision];
  return policies
    .map(({ policy, remaining, refillMs }) => {
      const more = refillMs > 0 ? `;t=${seconds(refillMs)}` : '';
      return `${quoted(policy)};r=${remaining}${more}`;
    })
    .join(', ');
}

/** What was customary before: of the limit that binds most. Reset in seconds from now. */
export function legacyFields({ limit, remaining, resetMs }: Decision): Record<string, string> {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(seconds(resetMs)),
  };
}

export function seconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1_000);
}

/** A Structured Fields string holds printable ASCII alone. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '_').replace(/["\\]/g, '\\$&')}"`;
}
