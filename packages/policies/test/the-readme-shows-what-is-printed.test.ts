import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const [, code = '', output = ''] = /```js\n(.*?)```\n\n```\n(.*?)```/s.exec(readme) ?? [];

/** What the shorter examples take for granted. */
const known = `
import { CircuitBreaker } from '@mainstay/circuit-breaker';
import { pipeline, retry, timeout } from '@mainstay/policies';
import { Agent } from 'undici';
const breaker = new CircuitBreaker({ name: 'model-a' });
const modelA = pipeline(retry(), breaker, timeout({ timeoutMs: 500 }));
const query = async () => ['row'];
const url = 'http://model.example/';
const { signal } = new AbortController();
`;
const shorter = [...readme.matchAll(/```js\n(.*?)```/gs)].slice(1).map(([, text = '']) => text);

/** Within the package, which finds itself by its name there. */
function written(name: string, source = code): string {
  mkdirSync(path.join(root, 'reports'), { recursive: true });
  const folder = mkdtempSync(path.join(root, 'reports/readme-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, name);
  writeFileSync(file, source);
  return file;
}

test('the first example prints what is shown', () => {
  const printed = execFileSync(process.execPath, [written('example.mjs')], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(printed).toBe(output);
});

const flags =
  '--ignoreConfig --strict --exactOptionalPropertyTypes --noEmit --module nodenext --target es2023';

function complaintsOf(...files: string[]): string {
  const tsc = path.resolve(root, '../../node_modules/typescript/bin/tsc');
  const run = [tsc, ...flags.split(' '), '--types', 'node', ...files];
  return execFileSync(process.execPath, run, { cwd: root, encoding: 'utf8' });
}

test('the first example is strict TypeScript as it stands', { timeout: 60_000 }, () => {
  expect(complaintsOf(written('example.mts'))).toBe('');
});

test('the shorter examples are strict TypeScript, given what they take for granted', {
  timeout: 60_000,
}, () => {
  const files = shorter.map((text, index) => written(`shorter-${index}.mts`, known + text));
  expect(files).toHaveLength(2);
  expect(complaintsOf(...files)).toBe('');
});
