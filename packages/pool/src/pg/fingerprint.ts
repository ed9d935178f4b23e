/** Longest fingerprint; what is longer is cut, and told apart by its first part alone. */
const LONGEST = 2_000;
/** A service has some hundred statements. Texts with literals in them would grow without an end: then all are forgotten. */
const REMEMBERED = 500;
const known = new Map<string, string>();

/**
 * One alternative a token, since a quote in a comment is no string, and two dashes in a string are no comment. In order:
 * comments; dollar-quoted, escape and plain strings; quoted names; parameters; numbers (not those in a name).
 */
export const TOKENS =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|[eE]'(?:[^'\\]|\\[\s\S]|'')*'|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'|"(?:[^"]|"")*"|\$\d+|(?<![\w$.])\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|(?<![\w$.])\.\d+/g;

function normalise(text: string): string {
  return text
    .replace(TOKENS, (token) => {
      if (token.startsWith('--') || token.startsWith('/*')) return ' ';
      return token.startsWith('"') ? token : '?';
    })
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\( ?\?(?: ?, ?\?)+ ?\)/g, '(?)')
    .replace(/(\(\?\))(?: ?, ?\(\?\))+/g, '$1')
    .replace(/ ?;$/, '')
    .slice(0, LONGEST);
}

/**
 * What a statement is without its literals, so that it can be counted and logged without anybody's data:
 * `SELECT * FROM a WHERE id IN (1, 2) AND b = 'x' -- why` becomes `SELECT * FROM a WHERE id IN (?) AND b = ?`.
 */
export function fingerprint(text: string): string {
  let found = known.get(text);
  if (found === undefined) {
    found = normalise(text);
    if (known.size >= REMEMBERED) known.clear();
    // Very long texts are built from data; they are not worth the memory.
    if (text.length <= LONGEST) known.set(text, found);
  }
  return found;
}
