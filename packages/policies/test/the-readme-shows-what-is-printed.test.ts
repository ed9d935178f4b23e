import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const [, code = '', output = ''] = /```js\n(.*?)```\n\n```\n(.*?)```/s.exec(readme) ?? [];

/** Within the package, which finds itself by its name there. */
function written(name: string): string {
  mkdirSync(path.join(root, 'reports'), { recursive: true });
  const folder = mkdtempSync(path.join(root, 'reports/readme-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, name);
  writeFileSync(file, code);
  return file;
}

test('the first example prints what is shown', () => {
  const printed = execFileSync(process.execPath, [written('example.mjs')], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(printed).toBe(output);
});

test('the first example is strict TypeScript as it stands', { timeout: 60_000 }, () => {
  const tsc = path.resolve(root, '../../node_modules/typescript/bin/tsc');
  const options =
    '--ignoreConfig --strict --exactOptionalPropertyTypes --noEmit --module nodenext --target es2023 --types node'.split(
      ' ',
    );
  const complaints = () =>
    execFileSync(process.execPath, [tsc, ...options, written('example.mts')], {
      cwd: root,
      encoding: 'utf8',
    });
  expect(complaints()).toBe('');
});
