import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { MainstayError, option, readOptions } from '@mainstay/core';
import { checkPid, send } from './signals.js';

export interface KillOptions {
  /** Default `SIGKILL`: nothing is flushed, connections are cut. */
  signal?: 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGABRT';
  /** How long the process may take to be gone, in milliseconds. Default 5,000. */
  timeoutMs?: number;
  /** Starts it again: called once, by `undo` or at the end of the scope. */
  restart?: () => unknown;
}

/** A process that was killed. */
export interface Killed {
  readonly pid: number;
  /** Calls `restart`, once, and waits for it. Without one, nothing is to be done. */
  undo(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const fields = {
  signal: option.oneOf(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT'], { default: 'SIGKILL' }),
  timeoutMs: option.milliseconds({ min: 1, default: 5_000 }),
  restart: option.func<() => unknown>({ optional: true }),
};

const POLL_MS = 5;

/**
 * Kills a process, waits until it is gone, and with `await using` starts it again at the end of the scope, after a failure too.
 * @throws TypeError or RangeError for a number that is no other process; MainstayError `ERR_NO_SUCH_PROCESS`,
 *   `ERR_NOT_PERMITTED`, or `ERR_STILL_RUNNING` when it is not gone in time
 */
export async function kill(pid: number, options?: KillOptions): Promise<Killed> {
  checkPid('kill', pid);
  const { signal, timeoutMs, restart } = readOptions('kill', options, fields);
  send('kill', pid, signal);
  const deadline = performance.now() + timeoutMs;
  while (isRunning(pid)) {
    if (performance.now() > deadline) {
      throw new MainstayError(
        'ERR_STILL_RUNNING',
        `kill: process ${pid} still runs ${timeoutMs} ms after ${signal}`,
      );
    }
    await sleep(POLL_MS);
  }
  let undone: Promise<void> | undefined;
  const undo = (): Promise<void> => {
    undone ??= (async () => {
      await restart?.();
    })();
    return undone;
  };
  return { pid, undo, [Symbol.asyncDispose]: undo };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return !isZombie(pid);
}

/** On Linux, one that has ended stays listed until its parent has looked at it. */
function isZombie(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return status.slice(status.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}
