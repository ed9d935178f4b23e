// What turbo says of its last run, read from its own summary.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { root } from '../pnpm.mjs';

/**
 * @typedef {{ name: string, task: string, hash: string, exitCode: number | undefined }} TaskResult
 *   name: the package's; exitCode: undefined where the task never ran because one before it failed
 */

/** @returns {TaskResult[]} the tasks of the newest run, none if turbo did not come so far */
export function lastRun() {
  const folder = path.join(root, '.turbo', 'runs');
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).map((file) => path.join(folder, file));
  const newest = files.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
  if (newest === undefined) return [];
  const { tasks } = JSON.parse(readFileSync(newest, 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  return tasks.map((task) => ({
    name: task.package,
    task: task.task,
    hash: task.hash,
    exitCode: task.execution?.exitCode,
  }));
}

/**
 * A task that skipped something ran with a part missing; its result must not be taken for a full one later.
 * @param {TaskResult[]} run @param {{ name: string, task: string }[]} skipped
 */
export function forgetSkippedTasks(run, skipped) {
  const cache = path.join(root, '.turbo', 'cache');
  if (!existsSync(cache)) return;
  const hashes = run
    .filter(({ name, task }) => skipped.some((one) => one.name === name && one.task === task))
    .map(({ hash }) => hash);
  for (const file of readdirSync(cache)) {
    if (hashes.some((hash) => file.startsWith(hash))) rmSync(path.join(cache, file), { force: true });
  }
}
