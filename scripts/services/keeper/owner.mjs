// Servers refuse to run as root, or should not: as root they run as `nobody`, who must be able to reach what they need.
import { chownSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @typedef {{ uid: number, gid: number }} User */

/** @returns {User | undefined} undefined: they run as whoever started this */
export function serverUser() {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((row) => row.startsWith('nobody:'));
    const [, , uid, gid] = (line ?? '').split(':').map(Number);
    // Some systems write -2, which means the largest but one.
    if (Number.isInteger(uid) && Number.isInteger(gid))
      return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
  } catch {
    // A minimal container without the file.
  }
  return { uid: 65_534, gid: 65_534 };
}

/**
 * May this user enter every folder on the way, the last one included?
 * @param {string} folder
 * @param {User | undefined} user
 */
export function canReach(folder, user) {
  if (!user) return true;
  let path = realpathSync(folder);
  for (;;) {
    const { mode, uid, gid } = statSync(path);
    const needed = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & needed) === 0) return false;
    if (dirname(path) === path) return true;
    path = dirname(path);
  }
}

/**
 * @param {string} path
 * @param {User | undefined} user
 */
export function giveTo(path, user) {
  if (!user) return;
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return;
  if (stats.uid !== user.uid || stats.gid !== user.gid) chownSync(path, user.uid, user.gid);
  if (stats.isDirectory()) for (const name of readdirSync(path)) giveTo(join(path, name), user);
}
