import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let clone: string;

beforeEach(() => {
  clone = mkdtempSync(path.join(tmpdir(), 'mainstay-new-package-'));
  mkdirSync(path.join(clone, 'scripts', 'test'), { recursive: true });
  mkdirSync(path.join(clone, 'examples'));
  cpSync(path.join(root, 'scripts', 'new-package'), path.join(clone, 'scripts', 'new-package'), {
    recursive: true,
  });
  for (const file of [
    'package.json',
    'scripts/pnpm.mjs',
    'scripts/new-package.mjs',
    'scripts/test/architecture.test.ts',
    'examples/README.md',
  ]) {
    copyFileSync(path.join(root, file), path.join(clone, file));
  }
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

const newPackage = (...args: string[]) =>
  spawnSync(process.execPath, [path.join(clone, 'scripts', 'new-package.mjs'), ...args], {
    encoding: 'utf8',
  });

test('a new package looks like its neighbours', () => {
  expect(newPackage('tracing', '2', 'Follow a request').status).toBe(0);
  const folder = path.join(clone, 'packages', 'tracing');
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({
    name: '@mainstay/tracing',
    description: 'Follow a request',
    type: 'module',
    engines: { node: '>=20' },
  });
  const floors = readFileSync(path.join(clone, 'scripts', 'test', 'architecture.test.ts'), 'utf8');
  expect(floors).toMatch(/const floors[^}]*\n {2}tracing: 2,\n\};/);
  for (const file of [
    'README.md',
    'src/tracing.ts',
    'tsup.config.ts',
    'typedoc.json',
    'bench/what-it-costs.bench.ts',
  ]) {
    expect(existsSync(path.join(folder, file)), file).toBe(true);
  }
  expect(existsSync(path.join(clone, 'examples', 'tracing-node', 'server.js'))).toBe(true);
  expect(readFileSync(path.join(clone, 'examples', 'README.md'), 'utf8')).toContain(
    '| [tracing-node](tracing-node) | Follow a request |\n| [reference-backend]',
  );
});

test('the formatter and the linter have nothing to say to what is made', () => {
  expect(newPackage('tracing', '2', 'Follow a request').status).toBe(0);
  const biome = path.join(root, 'node_modules', '.bin', 'biome');
  const { status, stdout, stderr } = spawnSync(
    biome,
    ['check', '--error-on-warnings', '--vcs-enabled=false', `--config-path=${root}`, 'packages', 'examples'],
    { cwd: clone, encoding: 'utf8' },
  );
  expect(status, stdout + stderr).toBe(0);
  expect(stderr + stdout).toMatch(/Checked \d\d files/);
});

test('a name that exists, a name that npm would refuse and a missing description are refused', () => {
  expect(newPackage('tracing', '2', 'Follow a request').status).toBe(0);
  expect(newPackage('tracing', '2', 'again').stderr).toContain('packages/tracing exists already');
  expect(newPackage('Tracing!', '2', 'x').stderr).toContain('Usage');
  expect(newPackage('metrics-two', '9', 'x').stderr).toContain('Usage');
});
