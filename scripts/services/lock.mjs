// A lock between processes of one clone, as a file. It outlives no holder: whoever finds that the holder is gone takes it.
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 100;
// A holder on another host (a clone on a shared volume) cannot be asked whether it lives; no provisioning takes longer.
const foreignHolderMaxAgeMs = 15 * 60_000;

/**
 * When a process started, to tell it from a later one with the same pid. Empty where the system does not say.
 * @param {number} pid
 */
function startOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; field 22 is counted from behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie still has a pid but holds nothing any more.
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/** @param {string} path */
async function readHolder(path) {
  try {
    return { ...JSON.parse(await readFile(path, 'utf8')), writtenAt: (await stat(path)).mtimeMs };
  } catch {
    return undefined;
  }
}

/** @param {{ host: string, pid: number, start: string, writtenAt: number }} holder */
function isGone(holder) {
  if (holder.host !== hostname()) return Date.now() - holder.writtenAt > foreignHolderMaxAgeMs;
  return !isAlive(holder.pid) || startOf(holder.pid) !== holder.start;
}

/**
 * Appears whole or not at all: the content is written elsewhere and linked, which fails where the name exists.
 * @param {string} path
 */
async function tryTake(path) {
  const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(draft, JSON.stringify({ host: hostname(), pid: process.pid, start: startOf(process.pid) }));
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Only the holder of a second lock may remove a dead one, and looks again first: else two waiters could judge the same
 * dead holder, and the slower one would remove the lock that the faster one has just taken.
 * @param {string} path
 */
async function removeIfGone(path) {
  const guard = `${path}.removing`;
  if (!(await tryTake(guard))) {
    const remover = await readHolder(guard);
    if (remover && isGone(remover)) await rm(guard, { force: true });
    return;
  }
  try {
    const holder = await readHolder(path);
    if (holder && isGone(holder)) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

/**
 * @param {string} path
 * @param {{ waitMs: number, onWait?: (holderPid: number) => void, signal?: AbortSignal }} options
 * @returns {Promise<() => Promise<void>>} releases
 */
export async function acquireLock(path, { waitMs, onWait, signal }) {
  await mkdir(dirname(path), { recursive: true });
  const deadline = performance.now() + waitMs;
  let told = false;
  for (;;) {
    signal?.throwIfAborted();
    if (await tryTake(path)) return () => rm(path, { force: true });
    const holder = await readHolder(path);
    if (holder && isGone(holder)) {
      await removeIfGone(path);
      if (await tryTake(path)) return () => rm(path, { force: true });
    }
    if (performance.now() >= deadline) {
      throw Object.assign(new Error(`${path} is held by process ${holder?.pid}`), {
        code: 'ERR_LOCKED',
        holderPid: holder?.pid,
      });
    }
    if (!told && holder) onWait?.(holder.pid);
    told = true;
    await sleep(pollMs, undefined, { signal });
  }
}
