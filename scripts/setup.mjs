// Installs and builds what a command needs, once: a second call with nothing changed costs a hash, not an install.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pnpmCommand, root } from './pnpm.mjs';

/** Everything that the tests need; the peers of benches and compatibility tests are for those who run them. */
export const everything = ['!@mainstay/*-bench', '!@mainstay/*-compat'];
export const everythingAndCompat = ['*', '!@mainstay/*-bench'];

const stampFile = path.join(root, 'node_modules', '.mainstay-installed.json');

/** A problem that the person at the keyboard can solve: shown as its message alone, without a stack. */
export class SetupError extends Error {
  name = 'SetupError';
}

/** @param {string} folder @returns {string[]} */
const children = (folder) =>
  existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : [];

/** The files that decide what an install does. */
function manifests() {
  const projects = [
    ...children(path.join(root, 'packages')),
    ...children(path.join(root, 'examples')),
    path.join(root, 'scripts'),
  ];
  const folders = [
    root,
    ...projects,
    ...projects.flatMap((project) => [path.join(project, 'bench'), path.join(project, 'compat')]),
  ];
  const files = folders.map((folder) => path.join(folder, 'package.json'));
  return [path.join(root, 'pnpm-lock.yaml'), path.join(root, 'pnpm-workspace.yaml'), ...files].filter(
    (file) => existsSync(file),
  );
}

function installKey() {
  const hash = createHash('sha256').update(process.version);
  for (const file of manifests()) hash.update(path.relative(root, file)).update(readFileSync(file));
  return hash.digest('hex');
}

/** @returns {{ key: string, filters: string[] }} what the last install left */
function installed() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return { key: '', filters: [] };
  }
}

/** A full install holds every project but the benches and compatibility tests. @param {string[]} known @param {string} filter */
const covers = (known, filter) =>
  known.includes(filter) ||
  (everything.every((one) => known.includes(one)) && !/^[!*]|-bench|-compat/.test(filter));

const explanations = [
  [/ENOSPC|no space left/i, 'The disk is full. Free some space (about 1 GB) and run the command again.'],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|META_FETCH_FAIL|network/i,
    'The npm registry cannot be reached. Check the network, or the registry and proxy in `npm config ls`, and run the command again.',
  ],
  [
    /ERR_PNPM_OUTDATED_LOCKFILE/,
    'pnpm-lock.yaml does not fit package.json. Run `node scripts/pnpm.mjs install --no-frozen-lockfile` and commit it.',
  ],
  [
    /EACCES|EPERM/,
    'A file or folder is not yours to write: look at the owner of this clone and of your npm cache.',
  ],
];

/** @param {string} what @param {string} output */
function setupError(what, output) {
  const [, hint] = explanations.find(([pattern]) => pattern.test(output)) ?? [];
  const tail = output.trim().split('\n').slice(-15).join('\n');
  return new SetupError(`${what} failed.${hint ? ` ${hint}` : ''}\n\n${tail}`);
}

/**
 * Runs pnpm; its output is shown, or, when quiet, kept for the error message.
 * @param {string[]} args @param {{ quiet?: boolean, signal?: AbortSignal, env?: Record<string, string>, onOutput?: (text: string) => void }} options
 * @returns {Promise<{ code: number, output: string }>}
 */
export function pnpm(args, { quiet = false, signal, env: extra = {}, onOutput = () => {} } = {}) {
  const { command, args: all, env } = pnpmCommand(args);
  return new Promise((resolve, reject) => {
    let output = '';
    const child = spawn(command, all, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Two short tries: without a network the answer should come in seconds, not minutes.
      env: { ...env, npm_config_fetch_retries: '1', npm_config_fetch_retry_mintimeout: '1000', ...extra },
      signal,
      shell: process.platform === 'win32',
    });
    for (const [stream, sink] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output = (output + text).slice(-200_000);
        if (!quiet) sink.write(text);
        onOutput(text);
      });
    }
    child.on('error', (error) => {
      reject(
        signal?.aborted
          ? signal.reason
          : new SetupError(`npx could not be run (${error.message}). npm comes with Node.js.`),
      );
    });
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * @param {{ filters?: string[], quiet?: boolean, signal?: AbortSignal }} options
 *   filters: pnpm's; the root (the toolchain) always comes with them
 * @returns {Promise<boolean>} whether there was anything to do
 */
export async function install({ filters = everything, quiet = false, signal } = {}) {
  const key = installKey();
  const last = installed();
  const known = last.key === key ? last.filters : [];
  if (filters.every((filter) => covers(known, filter))) return false;
  const named = filters.some((filter) => !filter.startsWith('!')) ? [...filters, 'mainstay'] : filters;
  const flags = named.flatMap((filter) => ['--filter', filter]);
  const { code, output } = await pnpm(['install', '--frozen-lockfile', '--prefer-offline', ...flags], {
    quiet,
    signal,
  });
  if (code !== 0) throw setupError('Installing the dependencies', output);
  mkdirSync(path.dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ key, filters: [...new Set([...known, ...filters])] }));
  return true;
}

/** @param {string[]} args turbo's @param {{ quiet?: boolean, signal?: AbortSignal, env?: Record<string, string> }} options */
export const turbo = (args, options = {}) =>
  pnpm(['exec', 'turbo', ...args, '--no-update-notifier', '--log-order=grouped'], options);

/**
 * Builds what the filters name.
 * @param {{ filters: string[], quiet?: boolean, signal?: AbortSignal, onBuilt?: (name: string) => void }} options
 *   onBuilt: told of each package that had to be built
 */
export async function build({ filters, quiet = true, signal, onBuilt = () => {} }) {
  const { code, output } = await turbo(['run', 'build', ...filters.map((filter) => `--filter=${filter}`)], {
    quiet,
    signal,
    onOutput: (text) => {
      for (const [, name] of text.matchAll(/(\S+):build: cache miss/g)) onBuilt(name);
    },
  });
  if (code !== 0) throw setupError('The build', output);
}
