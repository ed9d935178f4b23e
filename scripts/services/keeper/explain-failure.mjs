// Turns what a server said before it died into a message that tells what to do.
import { dirname } from 'node:path';
import { lastLines } from '../run-command.mjs';

const shownLines = 12;

/** @type {[RegExp, (folder: string) => string][]} */
const remedies = [
  [
    /no space left on device|could not extend file|check free disk space|Disk quota exceeded|ENOSPC/i,
    (folder) => `the disk is full: free some space where ${dirname(folder)} is`,
  ],
  [/address already in use/i, () => 'the port was taken by another program meanwhile: try again'],
  [
    /could not create shared memory|semaphores/i,
    () => 'the system is out of shared memory: end other servers, or raise its limits',
  ],
  [/lock file .* already exists/i, () => 'another server uses these data: stop it first'],
  [
    /permission denied|EACCES/i,
    (folder) => `check who may read and write ${dirname(folder)}, and that its disk allows programs to run`,
  ],
  [
    /error while loading shared libraries/i,
    () => 'a library is missing: delete .services in the clone, so that it is fetched again',
  ],
];

/**
 * @param {{ label?: string, describe: string }} part
 * @param {string} folder
 * @param {string} problem
 * @param {string} [log]
 */
export function explainFailure(part, folder, problem, log = '') {
  const remedy = remedies.find(([pattern]) => pattern.test(`${problem}\n${log}`))?.[1](folder);
  const lines = [`${part.describe} could not be started: ${problem}`];
  if (log)
    lines.push(
      'Its last words:',
      ...lastLines(log, shownLines)
        .split('\n')
        .map((line) => `  ${line}`),
    );
  if (remedy) lines.push(`What to do: ${remedy}.`);
  return Object.assign(new Error(lines.join('\n')), { code: 'ERR_SERVICE_START' });
}
