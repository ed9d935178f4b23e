// Starts an example as its reader would: what `npm start` in its folder runs, as a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

export interface Example {
  /** The addresses that it printed, each on a line of its own: `shop at http://127.0.0.1:3000`. */
  readonly urls: Readonly<Record<string, string>>;
  /** Asks it to end (SIGTERM). @returns its exit code; null where it had to be killed */
  stop(): Promise<number | null>;
}

/**
 * Starts the example in the current directory on a free port and resolves when it has printed its address.
 * The test that asked for it ends it.
 * @param name what the example calls itself in the line that says where it listens
 * @throws an error with its last words where it ends before
 */
export async function startExample(name: string, env: Record<string, string> = {}): Promise<Example> {
  const { start } = JSON.parse(readFileSync('package.json', 'utf8')).scripts as { start: string };
  const [program, ...args] = start.split(' ');
  if (program !== 'node') throw new Error(`npm start of an example runs node itself, not: ${start}`);
  const child = spawn(process.execPath, args, {
    // Nothing of ours: what an example reads is in its test or has a default.
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const complaints = text(child.stderr);
  const urls: Record<string, string> = {};
  for await (const line of createInterface(child.stdout)) {
    const [, what, url] = /^(\S+) at (http:\S+)/.exec(line) ?? [];
    if (what !== undefined && url !== undefined) urls[what] = url;
    if (what === name) return { urls, stop };
  }
  throw new Error(`the example ended: ${await complaints}`);

  async function stop() {
    child.kill('SIGTERM');
    const [code] = await exited;
    return code;
  }
}

/** What is answered to a GET, as JSON. */
export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  return (await response.json()) as T;
}
