const maxLength = 200;

const masks: readonly (readonly [RegExp, string])[] = [
  // scheme://user:password@host: up to the last @, since passwords hold that sign too.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"'<>]*@/gi, '$1***@'],
  // Authorization: Bearer abc
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 ***'],
  // password=abc, "apiKey": "abc", client_secret: abc
  [
    /((?:password|passwd|pwd|passphrase|secret|token|api[-_]?key|access[-_]?key|credentials?)["']?\s*[=:]\s*)("[^"]*"?|'[^']*'?|[^\s,;&}]+)/gi,
    '$1***',
  ],
];

/** Masks passwords, tokens and the user part of connection strings. */
export function maskSecrets(text: string): string {
  return masks.reduce((masked, [pattern, replacement]) => masked.replace(pattern, replacement), text);
}

/** One line of at most 200 characters, secrets masked: fit to be read by a stranger. */
export function safeLine(text: string): string {
  // Cut before masking, so that a huge text costs little; well above the limit, so that no secret is cut in half unseen.
  const firstLine = (text.slice(0, maxLength * 10).split(/[\r\n]/, 1)[0] ?? '').trim();
  const masked = maskSecrets(firstLine);
  return masked.length > maxLength ? `${masked.slice(0, maxLength - 1)}…` : masked;
}

function fieldOf(error: object, field: string): unknown {
  return (error as Record<string, unknown>)[field];
}

function textOf(error: unknown, depth: number): string {
  if (typeof error !== 'object' || error === null) return typeof error === 'string' ? error : '';
  const message = fieldOf(error, 'message');
  const cause = depth > 0 ? textOf(fieldOf(error, 'cause'), depth - 1) : '';
  if (typeof message === 'string' && message !== '') {
    return cause === '' || message.includes(cause) ? message : `${message}: ${cause}`;
  }
  // Node reports a refused connection to `localhost` as an AggregateError with an empty message.
  const inner = fieldOf(error, 'errors');
  const first = Array.isArray(inner) && depth > 0 ? textOf(inner[0], depth - 1) : '';
  const code = fieldOf(error, 'code');
  return first || cause || (typeof code === 'string' ? code : '');
}

/** What went wrong, without stack and secrets, whatever was thrown. Never throws. */
export function safeErrorMessage(error: unknown): string {
  try {
    return safeLine(textOf(error, 3)) || 'failed without a message';
  } catch {
    return 'failed with an unreadable error';
  }
}
