// Data that outlive the servers. Where the servers' user cannot reach them, they work on a copy, which is brought back.
import { chmodSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock } from '../lock.mjs';
import { canReach, giveTo } from './owner.mjs';

// A crashed predecessor's keeper may still be stopping its server; another `npm start` holds on for longer.
const lockWaitMs = 3_000;

/**
 * @typedef {object} ServerData
 * @property {string} folder where the server works
 * @property {string} home where the data stay, for messages
 * @property {boolean} kept
 * @property {() => Promise<void>} release brings a copy back and lets others at the data; call it after the server ended
 */

/**
 * @param {{ name: string, dataDir?: string, serverFolder: string, user?: import('./owner.mjs').User }} options
 * @returns {Promise<ServerData>}
 */
export async function openData({ name, dataDir, serverFolder, user }) {
  if (!dataDir) {
    const folder = join(serverFolder, 'data');
    return { folder, home: folder, kept: false, release: async () => {} };
  }
  checkOwner(dataDir);
  mkdirSync(dataDir, { recursive: true });
  const unlock = await lockData(dataDir, name);
  try {
    const home = join(dataDir, name);
    checkOwner(home);
    recoverCopy(home);
    if (canReach(dataDir, user)) {
      if (existsSync(home)) giveTo(home, user);
      else makeWritableFolder(home, user);
      return { folder: join(home, 'data'), home, kept: true, release: unlock };
    }
    const folder = join(serverFolder, 'data');
    if (existsSync(join(home, 'data'))) copyTree(join(home, 'data'), folder);
    if (existsSync(folder)) giveTo(folder, user);
    const release = async () => {
      bringBack(folder, home);
      await unlock();
    };
    return { folder, home, kept: true, release };
  } catch (error) {
    await unlock();
    throw error;
  }
}

/**
 * @param {string} dataDir
 * @param {string} name
 */
async function lockData(dataDir, name) {
  try {
    return await acquireLock(join(dataDir, `${name}.lock`), { waitMs: lockWaitMs });
  } catch (error) {
    const { code, holderPid } = /** @type {{ code?: string, holderPid?: number }} */ (error);
    if (code !== 'ERR_LOCKED') throw error;
    throw new Error(
      `the data in ${join(dataDir, name)} are in use by process ${holderPid}: stop that one first`,
    );
  }
}

/**
 * @param {string} home
 * @param {import('./owner.mjs').User | undefined} user
 */
function makeWritableFolder(home, user) {
  mkdirSync(home, { mode: 0o700 });
  giveTo(home, user);
}

/** @param {string} folder */
function checkOwner(folder) {
  const uid = process.getuid?.();
  if (!uid || !existsSync(folder) || statSync(folder).uid === uid) return;
  throw new Error(
    `the data in ${folder} belong to another user (they were made by root or by somebody else): ` +
      'start as that user, or delete them to begin empty',
  );
}

/**
 * @param {string} from
 * @param {string} to
 */
function copyTree(from, to) {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  chmodSync(to, 0o700);
}

/**
 * The previous copy is whole until the new one is: a crash at any point leaves one of them under a known name.
 * @param {string} folder
 * @param {string} home
 */
function bringBack(folder, home) {
  if (!existsSync(folder)) return;
  rmSync(`${home}.new`, { recursive: true, force: true });
  mkdirSync(`${home}.new`, { mode: 0o700 });
  copyTree(folder, join(`${home}.new`, 'data'));
  if (existsSync(home)) renameSync(home, `${home}.old`);
  renameSync(`${home}.new`, home);
  rmSync(`${home}.old`, { recursive: true, force: true });
}

/** @param {string} home */
function recoverCopy(home) {
  if (!existsSync(home) && existsSync(`${home}.old`)) renameSync(`${home}.old`, home);
  rmSync(`${home}.old`, { recursive: true, force: true });
}
