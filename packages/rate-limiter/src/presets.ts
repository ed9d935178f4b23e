import type { LimitOptions } from './options.js';

const minute = 60_000;
const hour = 60 * minute;

/**
 * Limits for what people do, all `strict`: the number is the most in any window, also for somebody who tries.
 * `new RateLimiter({ name: 'login', ...presets.login })`.
 */
export const presets = {
  /** 5 in 15 minutes: guessing a password. Use one by account and one by address. */
  login: { limit: 5, windowMs: 15 * minute, algorithm: 'strict' },
  /** 5 in 10 minutes: guessing a code that was sent. */
  code: { limit: 5, windowMs: 10 * minute, algorithm: 'strict' },
  /** 3 in an hour: mails that somebody else receives. */
  passwordReset: { limit: 3, windowMs: hour, algorithm: 'strict' },
  /** 5 in an hour from one address. */
  signUp: { limit: 5, windowMs: hour, algorithm: 'strict' },
  /** 300 in a minute: pages and their data, for a person with several tabs. */
  browsing: { limit: 300, windowMs: minute, algorithm: 'strict' },
} as const satisfies Record<string, LimitOptions>;
