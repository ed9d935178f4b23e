import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let clone: string;

beforeEach(() => {
  clone = mkdtempSync(path.join(tmpdir(), 'mainstay-new-package-'));
  mkdirSync(path.join(clone, 'scripts'));
  for (const file of ['package.json', 'scripts/pnpm.mjs', 'scripts/new-package.mjs']) {
    copyFileSync(path.join(root, file), path.join(clone, file));
  }
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

const newPackage = (...args: string[]) =>
  spawnSync(process.execPath, [path.join(clone, 'scripts', 'new-package.mjs'), ...args], {
    encoding: 'utf8',
  });

test('a new package looks like its neighbours', () => {
  expect(newPackage('tracing', 'Follow a request').status).toBe(0);
  const folder = path.join(clone, 'packages', 'tracing');
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({
    name: '@mainstay/tracing',
    description: 'Follow a request',
    type: 'module',
    engines: { node: '>=20' },
  });
  for (const file of ['README.md', 'src/index.ts', 'tsup.config.ts', 'typedoc.json', 'bench/package.json']) {
    expect(existsSync(path.join(folder, file)), file).toBe(true);
  }
});

test('a name that exists, a name that npm would refuse and a missing description are refused', () => {
  expect(newPackage('tracing', 'Follow a request').status).toBe(0);
  expect(newPackage('tracing', 'again').stderr).toContain('packages/tracing exists already');
  expect(newPackage('Tracing!', 'x').stderr).toContain('Usage');
  expect(newPackage('metrics-two').stderr).toContain('Usage');
});
