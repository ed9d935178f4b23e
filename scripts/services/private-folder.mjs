// The one folder outside the clone that a set of services writes to.
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { canReach, giveTo } from './owner.mjs';
import { makeReadableForAll } from './unpacked-folder.mjs';

/** @param {import('./owner.mjs').User | undefined} user */
export function makePrivateFolder(user) {
  // TMPDIR may point into root's home, where `nobody` cannot go.
  const parent = [tmpdir(), '/tmp', '/var/tmp'].find((folder) => canReach(folder, user));
  if (!parent) throw new Error(`no temporary folder that user ${user?.uid} can reach; set TMPDIR to one`);
  const folder = mkdtempSync(join(realpathSync(parent), 'mainstay-services-'));
  // The servers' user passes through to its own subfolders; nobody else may look inside.
  if (user) chmodSync(folder, 0o711);
  return folder;
}

/**
 * @param {string} privateFolder
 * @param {string} name
 * @param {import('./owner.mjs').User | undefined} user
 */
export function makeServerFolder(privateFolder, name, user) {
  const folder = join(privateFolder, name);
  mkdirSync(folder, { mode: 0o700 });
  giveTo(folder, user);
  return folder;
}

/**
 * Programs in a clone under root's home are copied to where the servers' user can read them.
 * @param {import('./provision.mjs').AvailablePart} part
 * @param {string} privateFolder
 * @param {import('./owner.mjs').User | undefined} user
 * @returns {{ binary: string, env: Record<string, string> }}
 */
export function reachableProgram(part, privateFolder, user) {
  const binary = realpathSync(part.binary);
  if (canReach(dirname(binary), user)) return { binary: part.binary, env: part.env };
  // An installation finds its libraries beside itself; a lone program stands for itself.
  const inBin = basename(dirname(binary)) === 'bin';
  const home = realpathSync(part.home ?? (inBin ? dirname(dirname(binary)) : dirname(binary)));
  const copy = join(privateFolder, `${part.name}-program`);
  if (part.home || inBin) cpSync(home, copy, { recursive: true, verbatimSymlinks: true });
  else cpSync(binary, join(copy, basename(binary)));
  makeReadableForAll(copy);
  const env = Object.entries(part.env).map(([key, value]) => [
    key,
    value.replaceAll(part.home ?? home, copy),
  ]);
  return { binary: join(copy, relative(home, binary)), env: Object.fromEntries(env) };
}
