// The reference backend and what it stands on, as processes of their own: used by `npm start` and the tour alike.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from './pnpm.mjs';
import { SetupError } from './setup.mjs';

const backendFolder = path.join(root, 'examples', 'reference-backend');
export const backendFilter = '@mainstay/reference-backend...';
const readyWithinMs = 30_000;

/**
 * @typedef {object} Program
 * @property {import('node:child_process').ChildProcess} child
 * @property {string} url where it answers
 * @property {Promise<number>} exited its exit code; 1 for an end by a signal
 * @property {(signal?: NodeJS.Signals) => void} signal
 */

/**
 * Starts a program of the backend's build in a process group of its own (so that Ctrl-C reaches it only through us, once)
 * with an IPC channel: it says when it is ready, and ends when the channel closes, however its parent died.
 * @param {string} script @param {string[]} args
 * @param {{ env?: Record<string, string | undefined>, stdio?: 'inherit' | 'ignore' | number, signal?: AbortSignal }} options
 * @returns {Promise<Program>}
 */
async function startProgram(script, args, { env = {}, stdio = 'inherit', signal } = {}) {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, [path.join(backendFolder, 'dist', script), ...args], {
    cwd: backendFolder,
    env: { ...process.env, ...env },
    stdio: ['ignore', stdio, stdio, 'ipc'],
    detached: true,
  });
  const exited = new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
    child.once('error', () => resolve(1));
  });
  const program = { child, url: '', exited, signal: (name = 'SIGTERM') => void child.kill(name) };
  const ready = new Promise((resolve) => {
    child.on('message', (message) => message?.type === 'ready' && resolve(message.url));
  });
  const aborted = new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
  const timer = new Promise((resolve) => setTimeout(resolve, readyWithinMs, 'late').unref());
  const outcome = await Promise.race([
    ready,
    exited.then((code) => ({ code })),
    timer,
    aborted.then(() => 'aborted'),
  ]);
  if (typeof outcome === 'string' && outcome.startsWith('http')) return { ...program, url: outcome };
  child.kill('SIGKILL');
  signal?.throwIfAborted();
  throw new SetupError(
    outcome === 'late'
      ? `${script} was not ready after ${readyWithinMs / 1000} s.`
      : `${script} ended before it was ready; what it said stands above.`,
  );
}

/** The two stand-in model providers, as the backend's configuration wants to hear of them. */
async function startStandIns(signal) {
  const names = ['sage', 'scout'];
  return Promise.all(
    names.map(async (name) => ({
      name,
      program: await startProgram('stand-in.js', ['--port', '0', '--name', name], { signal }),
    })),
  );
}

/**
 * @param {object} options
 * @param {string} options.databaseUrl @param {string} [options.redisUrl]
 * @param {Record<string, string | undefined>} [options.env] more of the backend's environment
 * @param {'inherit' | 'ignore' | number} [options.stdio] where the backend's log goes
 * @param {boolean} [options.ownModels] the environment's MODELS instead of two stand-ins
 * @param {AbortSignal} [options.signal] ends the start
 */
export async function startSystem({
  databaseUrl,
  redisUrl,
  env = {},
  stdio = 'inherit',
  ownModels = Boolean(process.env.MODELS?.trim()),
  signal,
}) {
  if (!existsSync(path.join(backendFolder, 'dist', 'main.js'))) {
    throw new SetupError(
      'The backend is not built. `npm run build` builds it; `npm start` does so by itself.',
    );
  }
  const standIns = ownModels ? [] : await startStandIns(signal);
  const stopStandIns = () => {
    for (const { program } of standIns) program.signal('SIGTERM');
    return Promise.all(standIns.map(({ program }) => program.exited));
  };
  const models = standIns.map(({ name, program }) => ({ name, baseUrl: `${program.url}/v1`, model: name }));
  try {
    const backend = await startProgram('main.js', [], {
      env: {
        DATABASE_URL: databaseUrl,
        REDIS_URL: redisUrl,
        ...(ownModels ? {} : { MODELS: JSON.stringify(models) }),
        ...env,
      },
      stdio,
      signal,
    });
    return {
      backend,
      standIns: Object.fromEntries(standIns.map(({ name, program }) => [name, program])),
      stopStandIns,
    };
  } catch (error) {
    await stopStandIns();
    throw error;
  }
}

/** Stands for what `npm start` provides by itself where the environment names nothing. */
const provided = 'provided-by-npm-start';

/**
 * Validates the backend's environment and nothing else. In production nothing is filled in.
 * @param {{ quiet?: boolean }} options quiet: says something only where something is wrong
 * @returns {Promise<boolean>} whether it is valid
 */
export async function checkConfiguration({ quiet = false } = {}) {
  const filled =
    process.env.NODE_ENV === 'production'
      ? {}
      : {
          DATABASE_URL: process.env.DATABASE_URL?.trim() || `postgres://${provided}/mainstay`,
          MODELS:
            process.env.MODELS?.trim() ||
            JSON.stringify([{ name: 'sage', baseUrl: `http://${provided}/v1` }]),
        };
  const child = spawn(process.execPath, [path.join(backendFolder, 'dist', 'main.js'), '--check-config'], {
    cwd: backendFolder,
    env: { ...process.env, ...filled },
    stdio: ['ignore', quiet ? 'ignore' : 'inherit', 'inherit'],
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code === 0)));
}
