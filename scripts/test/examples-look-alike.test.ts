import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const projectsIn = (folder: string) =>
  readdirSync(path.join(root, folder)).filter((name) =>
    existsSync(path.join(root, folder, name, 'package.json')),
  );

const examples = projectsIn('examples').filter((name) => name !== 'reference-backend');
const read = (...names: string[]) => readFileSync(path.join(root, 'examples', ...names), 'utf8');
const sources = (name: string) =>
  readdirSync(path.join(root, 'examples', name)).filter((file) => file.endsWith('.js'));

test.each(projectsIn('packages'))('%s has an example', (name) => {
  expect(examples.some((example) => example.startsWith(`${name}-`))).toBe(true);
});

describe.each(examples)('%s', (name) => {
  test('is small enough to be read at once, and says how to start it', () => {
    const readme = read(name, 'README.md');
    expect(readme.split('\n').length).toBeLessThanOrEqual(25);
    expect(readme).toContain('npm start');
    for (const file of sources(name))
      expect(read(name, file).split('\n').length, file).toBeLessThanOrEqual(81);
  });

  test('is started with one command, type-checked and tested', () => {
    const { scripts, private: hidden } = JSON.parse(read(name, 'package.json'));
    expect(Object.keys(scripts)).toEqual(['start', 'typecheck', 'test']);
    expect(hidden).toBe(true);
    const tests = readdirSync(path.join(root, 'examples', name, 'test'));
    expect(tests.some((file) => /\.test\.[jt]s$/.test(file))).toBe(true);
  });

  test('can be taken away: what it imports is a package or beside it', () => {
    const imported = sources(name).flatMap((file) =>
      [...read(name, file).matchAll(/from '([^']+)'/g)].map(([, specifier]) => specifier),
    );
    expect(imported.filter((specifier) => specifier?.startsWith('../'))).toEqual([]);
  });

  test('is on the map', () => {
    expect(read('README.md')).toContain(`[${name}](${name})`);
  });
});
