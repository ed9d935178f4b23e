// The one folder outside the clone that a set of services writes to.
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { makeReadableForAll } from '../sources/unpacked-folder.mjs';
import { canReach, giveTo } from './owner.mjs';

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
 * @param {import('../sources/provision.mjs').AvailablePart} part
 * @param {string} privateFolder
 * @param {import('./owner.mjs').User | undefined} user
 * @returns {{ binary: string, env: Record<string, string> }}
 */
export function reachableProgram(part, privateFolder, user) {
  const real = realpathSync(part.binary);
  const folders = [dirname(part.binary), dirname(real)];
  if (folders.every((folder) => canReach(folder, user))) return { binary: part.binary, env: part.env };
  const copy = join(privateFolder, `${part.name}-program`);
  const copied = copyProgram(part, real, copy);
  makeReadableForAll(copy);
  const env = Object.entries(part.env).map(([key, value]) => [
    key,
    value.replaceAll(part.home ?? real, copy),
  ]);
  return { binary: copied, env: Object.fromEntries(env) };
}

/**
 * @param {import('../sources/provision.mjs').AvailablePart} part
 * @param {string} real
 * @param {string} copy
 */
function copyProgram(part, real, copy) {
  // A program may be a link to another one that looks at the name by which it was called, so the name is kept.
  if (part.home) {
    cpSync(part.home, copy, { recursive: true, verbatimSymlinks: true });
    return join(copy, relative(part.home, part.binary));
  }
  // PostgreSQL finds its libraries and templates beside its `bin` folder; the others stand alone.
  if (part.name === 'postgres') {
    cpSync(dirname(dirname(real)), copy, { recursive: true, verbatimSymlinks: true });
    return join(copy, relative(dirname(dirname(real)), real));
  }
  const target = join(copy, basename(part.binary));
  cpSync(real, target);
  return target;
}
