import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const dist = pathToFileURL(path.join(root, 'dist/index.js')).href;

/** The code blocks of the README, each with the output that stands below it, if any does. */
const examples = [...readme.matchAll(/```js\n(.*?)```(?:\n\n```\n(.*?)```)?/gs)].map(
  ([, code = '', output]) => ({
    source: code,
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

test('the examples, the type of isFailure and options left undefined are strict TypeScript', {
  timeout: 60_000,
}, () => {
  mkdirSync(path.join(root, 'reports'), { recursive: true });
  // Within the package, which finds itself by its name there.
  const folder = mkdtempSync(path.join(root, 'reports/readme-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const codes = examples.filter(({ output }) => output !== undefined).map(({ source }) => source);
  const [isFailure] = /\{ result: \(response: Response\).*?\}/.exec(readme) ?? [];
  codes.push(
    `import { CircuitBreaker } from '@mainstay/circuit-breaker';\nnew CircuitBreaker({ name: 'a', isFailure: ${isFailure} });\n`,
  );
  const group = examples.find(({ source }) => source.includes('new CircuitBreakerGroup'))?.source;
  codes.push(`import { CircuitBreakerGroup } from '@mainstay/circuit-breaker';
const url = new URL('http://api.example/');
const { signal } = new AbortController();
${group}`);
  const unset = '(process.env as Record<string, undefined>).UNSET';
  codes.push(`import { CircuitBreaker, CircuitBreakerGroup } from '@mainstay/circuit-breaker';
new CircuitBreaker({ name: 'a', openMs: ${unset}, halfOpen: { probes: ${unset} }, isFailure: { result: ${unset} } });
new CircuitBreakerGroup({ name: 'a', idleMs: ${unset}, window: ${unset} });
`);
  const files = codes.map((code, index) => {
    const file = path.join(folder, `example-${index}.mts`);
    writeFileSync(file, code);
    return file;
  });
  const tsc = path.resolve(root, '../../node_modules/typescript/bin/tsc');
  const options =
    '--ignoreConfig --strict --exactOptionalPropertyTypes --noEmit --module nodenext --target es2023 --types node'.split(
      ' ',
    );
  expect(files).toHaveLength(5);
  expect(execFileSync(process.execPath, [tsc, ...options, ...files], { cwd: root, encoding: 'utf8' })).toBe(
    '',
  );
});
