// Where things live, and which parts a caller wants treated as absent.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const cloneRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Everything that is fetched or kept; ignored by git. */
export const defaultServicesDir = join(cloneRoot, '.services');

/**
 * `MAINSTAY_WITHOUT=redis,system-postgres,npm` hides a part, one source of a part, or a whole source.
 * @param {string[]} words any of which hides what is asked about
 */
export function isHidden(...words) {
  const hidden = (process.env.MAINSTAY_WITHOUT ?? '').split(',').map((word) => word.trim());
  return words.some((word) => hidden.includes(word));
}

/** Which system this is: what was unpacked on one may not run on the next (a clone mounted into another container). */
export function systemIdentity() {
  let release = '';
  try {
    const lines = readFileSync('/etc/os-release', 'utf8').split('\n');
    release = lines.filter((line) => /^(ID|VERSION_ID)=/.test(line)).join(';');
  } catch {
    // Not Linux: platform and architecture say enough.
  }
  return `${process.platform}-${process.arch};${release}`;
}

/** @param {string} path */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Written beside and renamed, so that nobody ever reads half a file.
 * @param {string} path
 * @param {unknown} value
 */
export function writeJson(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(unfinished, JSON.stringify(value));
  renameSync(unfinished, path);
}
