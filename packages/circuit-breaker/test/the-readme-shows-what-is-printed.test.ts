import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const dist = pathToFileURL(path.join(root, 'dist/index.js')).href;

/** The code blocks of the README, each with the output that stands below it, if any does. */
const examples = [...readme.matchAll(/```js\n(.*?)```(?:\n\n```\n(.*?)```)?/gs)].map(
  ([, code = '', output]) => ({
    code: code.replaceAll("'@mainstay/circuit-breaker'", JSON.stringify(dist)),
    output,
  }),
);

function printed(code: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    timeout: 20_000,
  });
}

test('the picture of the simulation is what the code above it prints', () => {
  const simulation = examples.find(({ code }) => code.includes('simulate('));
  expect(simulation?.output).toContain('turned away');
  expect(printed(simulation?.code ?? '')).toBe(simulation?.output);
});

test('the first example prints what is shown, but for the jitter of its open time', () => {
  const [first] = examples;
  const withoutJitter = (text = '') => text.replace(/come back in [\d.]+ s/, 'come back in … s');
  expect(withoutJitter(printed(first?.code ?? ''))).toBe(withoutJitter(first?.output));
});
