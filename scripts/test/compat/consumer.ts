import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

interface Manifest {
  name: string;
  exports: Record<string, unknown>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

export interface Package {
  folder: string;
  manifest: Manifest;
}

export const packages: Package[] = readdirSync(path.join(root, 'packages'))
  .map((name) => path.join(root, 'packages', name))
  .filter((folder) => existsSync(path.join(folder, 'package.json')))
  .map((folder) => ({
    folder,
    manifest: JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')),
  }));

/** `@mainstay/pool`, `@mainstay/pool/pg`, …: everything a user can import. */
export const facesOf = ({ manifest }: Package): string[] =>
  Object.keys(manifest.exports)
    .filter((face) => face !== './package.json')
    .map((face) => manifest.name + face.slice(1));

export const requiredPeers = ({ manifest }: Package): [string, string][] =>
  Object.entries(manifest.peerDependencies ?? {}).filter(
    ([peer]) => manifest.peerDependenciesMeta?.[peer]?.optional !== true,
  );

export function run(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 200_000,
  });
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${status ?? error}\n${stdout}\n${stderr}`);
  }
  return stdout;
}

export const temporaryFolder = () => mkdtempSync(path.join(tmpdir(), 'mainstay-compat-'));
export const removeFolder = (folder: string) => rmSync(folder, { recursive: true, force: true });

/** Packs every package as it would be published. */
export function packAll(folder: string): string[] {
  for (const { folder: source } of packages) {
    run(
      process.execPath,
      [path.join(root, 'scripts', 'pnpm.mjs'), '--dir', source, 'pack', '--pack-destination', folder],
      root,
    );
  }
  return readdirSync(folder)
    .filter((file) => file.endsWith('.tgz'))
    .map((file) => path.join(folder, file));
}

/** A plain project of a stranger: npm, no workspace, only what the packages and their peers ask for. */
export function consumer(folder: string, tarballs: string[], peers: [string, string][]) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'stranger', private: true }));
  const wanted = peers.map(([name, range]) => `${name}@${range}`);
  run('npm', ['install', '--no-audit', '--no-fund', '--omit=optional', ...tarballs, ...wanted], folder);
}
