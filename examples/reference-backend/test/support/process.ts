// The built backend as a process of its own, the way it runs in earnest.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const builtFile = (name: string) => fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface BackendProcess {
  child: ChildProcess;
  /** Where it answers; rejects with its last words where it ends before. */
  ready: Promise<string>;
  ended: Promise<Ended>;
}

/** Starts it with this environment and nothing of ours. */
export function startProcess(
  env: Record<string, string>,
  args: string[] = [],
  file = 'main.js',
): BackendProcess {
  const child = spawn(process.execPath, [builtFile(file), ...args], {
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  // Not the event 'close': it never comes once the IPC channel was closed from this side.
  const ended = Promise.all([exited, text(child.stdout as Readable), text(child.stderr as Readable)]).then(
    ([[code], stdout, stderr]) => ({ code, stdout, stderr }),
  );
  const ready = new Promise<string>((resolve, reject) => {
    child.on('message', (message: { type: string; url: string }) => {
      if (message.type === 'ready') resolve(message.url);
    });
    ended.then(({ code, stderr }) => reject(new Error(`ended with ${code}: ${stderr}`)));
  });
  ready.catch(() => {});
  return { child, ready, ended };
}
