import type { PoolClient } from 'pg';
import { activeText, forgetPreparedStatements, onMessage } from './client.js';
import type { ClientState } from './client-state.js';
import { TOKENS } from './fingerprint.js';

/**
 * Command tags of statements that leave something in the session, and the statements of these tags that do not: they end with
 * their transaction.
 */
const settingTags: Record<string, RegExp | undefined> = {
  SET: /^\s*set\s+(local|transaction)\b[^;]*;?\s*$/i,
  LISTEN: undefined,
  PREPARE: undefined,
  'DECLARE CURSOR': /^(?!.*\bwith\s+hold\b)/is,
};

/** Without a tag of their own: functions, and what a SELECT or CREATE makes. Text with none of these words has none of them. */
const SUSPICIOUS = /set_config|advisory_lock|temp|pg_settings|u&"/i;
const ADVISORY_LOCK = /\bpg_(try_)?advisory_lock/i;
const TEMPORARY =
  /\b(?:create(?:\s+or\s+replace)?|into)\s+(?:(?:global|local)\s+)?temp(?:orary)?\b|\bpg_temp\s*\./i;
const DROPPED_ON_COMMIT = /\bon\s+commit\s+drop\b/i;
const SET_CONFIG = /\bset_config\s*\(/i;
const SET_CONFIG_LOCALLY = /\bset_config\s*\(\s*[^()]*,\s*true\s*\)/gi;
const SETTINGS_TABLE = /\bupdate\b.*\bpg_settings\b/is;
/** A block of code may hide any of them. */
const IN_CODE = /\b(set|listen|prepare)\s/i;
/** Escapes in names, and comments in comments: they are not looked through, and nobody writes them by hand. */
const OPAQUE = '\u0000';

/** The text without comments and with its strings emptied, so that what they say is not taken for the statement; names without quotes. */
const bare = (text: string): string =>
  text.replace(TOKENS, (token, _tag, offset: number) => {
    if (token.startsWith('--')) return ' ';
    if (token.startsWith('/*')) return token.includes('/*', 2) ? OPAQUE : ' ';
    if (token.startsWith('"')) {
      if (/u&$/i.test(text.slice(Math.max(0, offset - 2), offset))) return OPAQUE;
      return /^"\w+"$/.test(token) ? token.slice(1, -1) : 'x';
    }
    return token.endsWith("'") || token.endsWith('$') ? "''" : token;
  });

function leavesSomething(tag: string, text: string): boolean {
  if (tag === 'DO' || tag === 'CALL') return IN_CODE.test(text) || SUSPICIOUS.test(text);
  const known = Object.hasOwn(settingTags, tag);
  if (!known && !SUSPICIOUS.test(text)) return false;
  const statement = bare(text);
  if (known) return settingTags[tag]?.test(statement) !== true;
  if (statement.includes(OPAQUE) || ADVISORY_LOCK.test(statement) || SETTINGS_TABLE.test(statement))
    return true;
  if (SET_CONFIG.test(statement.replace(SET_CONFIG_LOCALLY, ''))) return true;
  return statement.split(';').some((one) => TEMPORARY.test(one) && !DROPPED_ON_COMMIT.test(one));
}

/** Most texts whose verdict is remembered: a service has some hundred statements, and looking one through costs microseconds. */
const REMEMBERED = 1_000;
const harmless = new Set<string>();

function isHarmless(tag: string, text: string): boolean {
  // A text of several statements is looked through once for each of their tags.
  const end = text.indexOf(';');
  const many = end !== -1 && end < text.length - 1;
  if (!many && harmless.has(text)) return true;
  if (leavesSomething(tag, text)) return false;
  if (many) return true;
  if (harmless.size >= REMEMBERED) harmless.clear();
  harmless.add(text);
  return true;
}

/**
 * Notes from the server's command tags, and the text where a tag does not tell, whether a statement left something in the
 * session: SET, LISTEN, PREPARE, advisory locks, temporary tables, cursors WITH HOLD. What a stored function does unseen is
 * not noticed (`sessionReset: 'always'` helps).
 */
export function watchSession(client: PoolClient, state: ClientState): void {
  onMessage(client, 'commandComplete', (message) => {
    const { text: tag } = message as { text: string };
    // By whomever: pg would go on to use their names.
    if (tag === 'DISCARD ALL' || tag === 'DEALLOCATE ALL') forgetPreparedStatements(client);
    if (tag === 'DISCARD ALL') state.dirty = false;
    else if (!state.dirty && !isHarmless(tag, activeText(client) ?? '')) state.dirty = true;
  });
}
