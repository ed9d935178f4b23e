// A folder of fetched files appears complete or not at all.
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Servers may run as another user than the one who fetched, whatever that one's umask was.
 * @param {string} path
 */
export function makeReadableForAll(path) {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return;
  const executable = stats.isDirectory() || (stats.mode & 0o100) !== 0;
  chmodSync(path, stats.mode | (executable ? 0o555 : 0o444));
  if (stats.isDirectory()) for (const name of readdirSync(path)) makeReadableForAll(join(path, name));
}

/** @param {string} path */
export function ensureReadableFolder(path) {
  if (mkdirSync(path, { recursive: true })) chmodSync(path, 0o755);
}

/**
 * Call it under the clone's lock: what an earlier, killed attempt left behind is removed first.
 * @param {string} target
 * @param {(unfinished: string) => Promise<void>} fill
 */
export async function unpackInto(target, fill) {
  const parent = dirname(target);
  ensureReadableFolder(dirname(parent));
  ensureReadableFolder(parent);
  const prefix = `.${basename(target)}.unfinished-`;
  for (const name of readdirSync(parent)) {
    if (name.startsWith(prefix)) rmSync(join(parent, name), { recursive: true, force: true });
  }
  const unfinished = mkdtempSync(join(parent, prefix));
  try {
    await fill(unfinished);
    makeReadableForAll(unfinished);
    rmSync(target, { recursive: true, force: true });
    renameSync(unfinished, target);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}
