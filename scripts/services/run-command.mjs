// Runs a helper program to its end, never longer than its deadline.
import { spawn } from 'node:child_process';

const maxOutputCharacters = 4_000_000;

/**
 * Never rejects: a program that is missing or too slow is a failure like any other.
 * @param {string} command
 * @param {string[]} args
 * @param {{ timeoutMs: number, signal?: AbortSignal, env?: NodeJS.ProcessEnv, cwd?: string, uid?: number, gid?: number }} options
 * @returns {Promise<{ ok: boolean, stdout: string, stderr: string, problem: string }>} `problem` is one readable
 *   sentence when `ok` is false
 */
export function runCommand(command, args, { timeoutMs, signal, ...options }) {
  return new Promise((resolve) => {
    const output = { stdout: '', stderr: '' };
    const settle = (/** @type {string} */ problem) => resolve({ ok: problem === '', ...output, problem });
    // Messages are parsed, so they must not be translated.
    const env = { ...(options.env ?? process.env), LC_ALL: 'C' };
    const child = spawn(command, args, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let ended = '';
    const end = (/** @type {string} */ why) => {
      ended = why;
      child.kill('SIGKILL');
      // A grandchild may hold the pipes open; the answer does not wait for it.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const callOff = () => end('was called off');
    const timer = setTimeout(() => end(`took longer than ${timeoutMs / 1000} s`), timeoutMs);
    if (signal?.aborted) callOff();
    signal?.addEventListener('abort', callOff, { once: true });
    const release = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', callOff);
    };
    for (const stream of /** @type {const} */ (['stdout', 'stderr'])) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        if (output[stream].length < maxOutputCharacters) output[stream] += text;
      });
    }
    child.on('error', (error) => {
      release();
      settle(`${command} could not be run: ${error.message}`);
    });
    child.on('close', (code, killedBy) => {
      release();
      const said = lastLines(output.stderr || output.stdout, 4);
      if (ended) settle(`${command} ${args[0] ?? ''} ${ended}`);
      else settle(code === 0 ? '' : `${command} failed (${killedBy ?? `exit code ${code}`}): ${said}`);
    });
  });
}

/**
 * @param {string} text
 * @param {number} count
 */
export function lastLines(text, count) {
  return text.trim().split('\n').slice(-count).join('\n');
}
