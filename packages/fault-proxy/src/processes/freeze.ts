import { type ChildProcess, spawn } from 'node:child_process';
import { MainstayError } from '@mainstay/core';
import { checkPid, send } from './signals.js';

/** A process that is stopped, until `thaw` or the end of the scope. */
export interface Frozen {
  readonly pid: number;
  /** Lets it go on. Further calls do nothing. */
  thaw(): void;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Stopped {
  holders: number;
  readonly watchdog: ChildProcess;
}

const stopped = new Map<number, Stopped>();

/**
 * Stops a process with SIGSTOP: it keeps its connections, its port accepts, and nobody answers. Undone by `using` or
 * `await using` at the end of the scope, after a failure too; by `thaw`; and when this process ends, however it ends: a small
 * shell process beside it waits for that. A process that is frozen twice goes on when both are thawed.
 * @throws TypeError or RangeError for a number that is no other process; MainstayError `ERR_NO_SUCH_PROCESS`,
 *   `ERR_NOT_PERMITTED`, or `ERR_UNSUPPORTED` on Windows
 */
export function freeze(pid: number): Frozen {
  checkPid('freeze', pid);
  if (process.platform === 'win32') {
    throw new MainstayError('ERR_UNSUPPORTED', 'freeze: Windows has no SIGSTOP');
  }
  stop(pid);
  let holding = true;
  const release = (): void => {
    if (!holding) return;
    holding = false;
    const entry = stopped.get(pid);
    if (entry === undefined) return;
    entry.holders -= 1;
    if (entry.holders === 0) goOn(pid);
  };
  return {
    pid,
    thaw: release,
    [Symbol.dispose]: release,
    [Symbol.asyncDispose]: async () => release(),
  };
}

/**
 * Lets a process go on (SIGCONT), whoever has stopped it and however often. One that has ended meanwhile is no error.
 * @throws TypeError or RangeError for a number that is no other process; MainstayError `ERR_NOT_PERMITTED`
 */
export function thaw(pid: number): void {
  goOn(checkPid('thaw', pid));
}

function stop(pid: number): void {
  const known = stopped.get(pid);
  if (known !== undefined) {
    known.holders += 1;
    return;
  }
  const watchdog = watch(pid);
  try {
    send('freeze', pid, 'SIGSTOP');
  } catch (error) {
    dismiss(watchdog);
    throw error;
  }
  if (stopped.size === 0) process.on('exit', goOnAll);
  stopped.set(pid, { holders: 1, watchdog });
}

function goOn(pid: number): void {
  const entry = stopped.get(pid);
  stopped.delete(pid);
  if (entry !== undefined && stopped.size === 0) process.off('exit', goOnAll);
  try {
    send('thaw', pid, 'SIGCONT');
  } catch (error) {
    if ((error as MainstayError).code !== 'ERR_NO_SUCH_PROCESS') throw error;
  } finally {
    if (entry !== undefined) dismiss(entry.watchdog);
  }
}

function goOnAll(): void {
  for (const pid of [...stopped.keys()]) {
    try {
      goOn(pid);
    } catch {
      // The others have to go on all the same.
    }
  }
}

/**
 * The exit event does not come when a signal ends this process. The watchdog does: it reads from a pipe that the system closes
 * when we are gone, in a session of its own, so that a Ctrl-C does not reach it.
 */
function watch(pid: number): ChildProcess {
  const script = 'read -r line; kill -CONT "$0"';
  const watchdog = spawn('/bin/sh', ['-c', script, String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without a shell, the exit event has to do.
  watchdog.on('error', () => {});
  watchdog.stdin?.on('error', () => {});
  watchdog.unref();
  (watchdog.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  return watchdog;
}

function dismiss(watchdog: ChildProcess): void {
  watchdog.kill('SIGKILL');
  watchdog.stdin?.destroy();
}
