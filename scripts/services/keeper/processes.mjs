// Who the children of a process are, so that a server that forks can be frozen or killed as a whole.
import { readdirSync, readFileSync } from 'node:fs';
import { runCommand } from '../run-command.mjs';

/** @returns {Promise<[pid: number, parentPid: number][]>} */
async function allProcesses() {
  if (process.platform !== 'linux') {
    const { stdout } = await runCommand('ps', ['-A', '-o', 'pid=,ppid='], { timeoutMs: 5_000 });
    return stdout
      .trim()
      .split('\n')
      .map((line) => /** @type {[number, number]} */ (line.trim().split(/\s+/).map(Number)));
  }
  /** @type {[number, number][]} */
  const found = [];
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8');
      found.push([Number(name), Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1])]);
    } catch {
      // It ended while the list was read.
    }
  }
  return found;
}

/** @param {number} pid */
export async function childrenOf(pid) {
  return (await allProcesses()).filter(([, parent]) => parent === pid).map(([child]) => child);
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
export function sendSignal(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}
