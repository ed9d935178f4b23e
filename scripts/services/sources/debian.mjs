// Downloads a Debian package with the libraries that the system lacks and unpacks them inside the clone: nothing is
// installed, no service is started, no account is made.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../run-command.mjs';
import { ensureReadableFolder, unpackInto } from './unpacked-folder.mjs';

const simulateTimeoutMs = 30_000;
const updateTimeoutMs = 120_000;
const downloadTimeoutMs = 180_000;
const unpackTimeoutMs = 60_000;

/** @typedef {{ servicesDir: string, log: (message: string) => void, signal?: AbortSignal }} FetchContext */

/** @param {string} home */
function libraryFolders(home) {
  const folders = [];
  for (const base of ['lib', 'usr/lib']) {
    const folder = join(home, base);
    if (!existsSync(folder)) continue;
    folders.push(folder);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && /-linux-/.test(entry.name)) folders.push(join(folder, entry.name));
    }
  }
  return folders;
}

/**
 * @param {import('./parts.mjs').Part} part
 * @param {string} servicesDir
 * @returns {{ binary: string, home: string, env: Record<string, string> } | undefined}
 */
export function findFromDebian(part, servicesDir) {
  if (!part.debian) return undefined;
  return unpackedAt(part, join(servicesDir, 'debian', part.name));
}

/**
 * @param {import('./parts.mjs').Part} part
 * @param {string} home
 */
export function unpackedAt(part, home) {
  const binary = join(home, part.debian?.binary ?? '');
  if (!existsSync(binary)) return undefined;
  return { binary, home, env: { LD_LIBRARY_PATH: libraryFolders(home).join(':') } };
}

/**
 * apt keeps its caches (and, where `ownLists`, the package lists) inside the clone, so that an ordinary user may do this
 * and the system stays as it is.
 * @param {string} servicesDir
 * @param {boolean} ownLists
 */
function aptOptions(servicesDir, ownLists) {
  const apt = join(servicesDir, 'apt');
  for (const name of ['cache/archives/partial', 'lists/partial'])
    mkdirSync(join(apt, name), { recursive: true });
  const settings = {
    'Dir::Cache': join(apt, 'cache'),
    ...(ownLists ? { 'Dir::State::lists': join(apt, 'lists') } : {}),
    // A simulation and a download change nothing that a lock protects.
    'Debug::NoLocking': '1',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '1',
    'Acquire::http::Timeout': '15',
    'Acquire::https::Timeout': '15',
    // As root apt would download as `_apt`, who may not write into the clone.
    ...(process.getuid?.() === 0 ? { 'APT::Sandbox::User': 'root' } : {}),
  };
  return Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

/**
 * What would be installed, as `name=version`: the package itself, even where a broken one is there already, and the libraries.
 * @param {NonNullable<import('./parts.mjs').Part['debian']>} row
 * @param {string[]} options
 * @param {AbortSignal | undefined} signal
 */
async function neededPackages(row, options, signal) {
  const args = ['-s', 'install', '--reinstall', '--no-install-recommends', ...options, row.package];
  const result = await runCommand('apt-get', args, { timeoutMs: simulateTimeoutMs, signal });
  if (!result.ok) throw new Error(result.problem);
  const planned = [...result.stdout.matchAll(/^Inst (\S+) (?:\[[^\]]*\] )?\((\S+)/gm)];
  const needed = planned.filter(([, name]) => name === row.package || row.libraries.test(name ?? ''));
  if (!needed.some(([, name]) => name === row.package))
    throw new Error(`apt offers no package ${row.package}`);
  return needed.map(([, name, version]) => `${name}=${version}`);
}

/**
 * @param {import('./parts.mjs').Part} part
 * @param {string} unfinished
 * @param {string[]} options
 * @param {AbortSignal | undefined} signal
 */
async function downloadAndUnpack(part, unfinished, options, signal) {
  const row = /** @type {NonNullable<typeof part.debian>} */ (part.debian);
  const packages = await neededPackages(row, options, signal);
  const archives = join(unfinished, 'archives');
  rmSync(archives, { recursive: true, force: true });
  mkdirSync(archives);
  const download = await runCommand('apt-get', ['download', '-q', ...options, ...packages], {
    cwd: archives,
    timeoutMs: downloadTimeoutMs,
    signal,
  });
  if (!download.ok) throw new Error(download.problem);
  for (const archive of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    const args = ['-x', join(archives, archive), unfinished];
    const unpack = await runCommand('dpkg-deb', args, { timeoutMs: unpackTimeoutMs, signal });
    if (!unpack.ok) throw new Error(unpack.problem);
  }
  rmSync(archives, { recursive: true, force: true });
  if (!unpackedAt(part, unfinished))
    throw new Error(`${part.debian?.package} holds no ${part.debian?.binary}`);
}

/**
 * @param {import('./parts.mjs').Part} part
 * @param {FetchContext} context
 */
export async function fetchFromDebian(part, { servicesDir, log, signal }) {
  log(`fetching ${part.label} from Debian packages (${part.debian?.package})`);
  ensureReadableFolder(servicesDir);
  await unpackInto(join(servicesDir, 'debian', part.name), async (unfinished) => {
    try {
      await downloadAndUnpack(part, unfinished, aptOptions(servicesDir, false), signal);
    } catch {
      signal?.throwIfAborted();
      // The system's package lists are missing, or so old that what they name is gone.
      log('refreshing the package lists inside the clone');
      await retryWithOwnLists(part, unfinished, aptOptions(servicesDir, true), signal);
    }
  });
}

/**
 * @param {import('./parts.mjs').Part} part
 * @param {string} unfinished
 * @param {string[]} options
 * @param {AbortSignal | undefined} signal
 */
async function retryWithOwnLists(part, unfinished, options, signal) {
  const args = ['update', '-q', ...options];
  const update = await runCommand('apt-get', args, { timeoutMs: updateTimeoutMs, signal });
  try {
    await downloadAndUnpack(part, unfinished, options, signal);
  } catch (error) {
    // A list that cannot be fetched is a mere warning to `update`, and one of a third party is harmless; only when
    // nothing came of it all is it the reason.
    const unfetched = /^(?:W|E): Failed to fetch .*$/m.exec(update.stderr)?.[0].slice(3);
    if (unfetched) throw new Error(`the package servers cannot be reached (${unfetched})`);
    throw update.ok ? error : new Error(update.problem);
  }
}
