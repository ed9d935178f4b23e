// Finds a program that the system already has.
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { readJson, writeJson } from '../places.mjs';
import { runCommand } from '../run-command.mjs';

// Servers live in sbin folders, which an ordinary user's PATH often lacks.
const extraFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/opt/homebrew/bin', '/usr/local/bin'];

/** @param {string} path */
export function isExecutableFile(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * @param {import('./parts.mjs').Part} part
 * @param {string} folder
 */
function binaryIn(part, folder) {
  if (!(part.companions ?? []).every((name) => isExecutableFile(join(folder, name)))) return undefined;
  return part.binaries.map((name) => join(folder, name)).find(isExecutableFile);
}

/** @param {{ parent: string, below: string }} row */
function newestFirst({ parent, below }) {
  try {
    const versions = readdirSync(parent).filter((name) => /^\d/.test(name));
    return versions
      .sort((a, b) => Number.parseFloat(b) - Number.parseFloat(a))
      .map((v) => join(parent, v, below));
  } catch {
    return [];
  }
}

/**
 * The answer of a program such as `pg_config` is remembered while the binary that it led to is there, so that a warm
 * start runs no process.
 * @param {import('./parts.mjs').Part} part
 * @param {string} servicesDir
 */
async function folderByAsking(part, servicesDir) {
  if (!part.folderFrom) return undefined;
  const stampPath = join(servicesDir, 'stamps', `folder-${part.name}.json`);
  const remembered = readJson(stampPath)?.folder;
  if (typeof remembered === 'string' && binaryIn(part, remembered)) return remembered;
  const { command, args } = part.folderFrom;
  const { ok, stdout } = await runCommand(command, args, { timeoutMs: 5_000 });
  if (!ok || !binaryIn(part, stdout.trim())) return undefined;
  try {
    writeJson(stampPath, { folder: stdout.trim() });
  } catch {
    // Not remembered in a clone that may not be written to.
  }
  return stdout.trim();
}

/**
 * @param {import('./parts.mjs').Part} part
 * @param {string} servicesDir
 * @returns {Promise<string | undefined>} the path of the binary
 */
export async function findOnSystem(part, servicesDir) {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of [...onPath, ...extraFolders]) {
    const binary = binaryIn(part, folder);
    if (binary) return binary;
  }
  const asked = await folderByAsking(part, servicesDir);
  if (asked) return binaryIn(part, asked);
  for (const folder of part.versionedFolders ? newestFirst(part.versionedFolders) : []) {
    const binary = binaryIn(part, folder);
    if (binary) return binary;
  }
  return undefined;
}
