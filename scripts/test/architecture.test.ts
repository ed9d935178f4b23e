import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A package may import only from floors below its own. */
const floors: Record<string, number> = {
  core: 0,
  'circuit-breaker': 1,
  'fault-proxy': 1,
  policies: 2,
  'rate-limiter': 2,
  cache: 2,
  pool: 2,
  health: 2,
  'load-test': 2,
  metrics: 3,
  'alert-rules': 4,
};

/** What a component's core must not know; a framework lives behind a subpath of its own name. */
const frameworks = [
  'fastify',
  'fastify-plugin',
  'express',
  'hono',
  'koa',
  'pino',
  'winston',
  '@nestjs/common',
];

const packagesFolder = path.join(root, 'packages');
const packages = readdirSync(packagesFolder).filter((name) =>
  existsSync(path.join(packagesFolder, name, 'package.json')),
);

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join(folder, file));
}

/** Module names imported for their values: `import type` costs nothing at run time and is free. */
function valueImports(code: string): string[] {
  const withoutComments = code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const statements = withoutComments.matchAll(
    /^\s*(?:import|export)\s+(?!type\b)(?:[\w*{][^;'"]*?\bfrom\s+)?['"]([^'"]+)['"]|(?:import|require)\(\s*['"]([^'"]+)['"]/gm,
  );
  return [...statements].map(([, fromStatement, fromCall]) => fromStatement ?? fromCall ?? '');
}

const packageOf = (specifier: string) => /^@mainstay\/([^/]+)/.exec(specifier)?.[1];

interface Import {
  file: string;
  specifier: string;
}

const importsOf = (name: string): Import[] =>
  sourceFiles(path.join(packagesFolder, name, 'src')).flatMap((file) =>
    valueImports(readFileSync(file, 'utf8')).map((specifier) => ({
      file: path.relative(root, file),
      specifier,
    })),
  );

const manifest = (name: string) =>
  JSON.parse(readFileSync(path.join(packagesFolder, name, 'package.json'), 'utf8')) as {
    name: string;
    dependencies?: Record<string, string>;
    peerDependencies?: Record<string, string>;
  };

test('the reader of imports sees values and lets types pass', () => {
  const code = `import type { A } from '@mainstay/metrics';
import { type B, c } from '@mainstay/cache';
import {
  d,
} from '@mainstay/pool/pg';
export { e } from '@mainstay/core';
export type { F } from '@mainstay/health';
import '@mainstay/policies';
const g = await import('@mainstay/load-test');
// import { h } from '@mainstay/alert-rules';`;
  expect(valueImports(code)).toEqual([
    '@mainstay/cache',
    '@mainstay/pool/pg',
    '@mainstay/core',
    '@mainstay/policies',
    '@mainstay/load-test',
  ]);
});

test('every package has a floor', () => {
  expect(packages.filter((name) => floors[name] === undefined)).toEqual([]);
});

describe.each(packages)('%s', (name) => {
  test('imports only from floors below its own', () => {
    const upward = importsOf(name).filter(({ specifier }) => {
      const target = packageOf(specifier);
      return (
        target !== undefined && target !== name && !((floors[target] ?? Infinity) < (floors[name] ?? -1))
      );
    });
    expect(upward).toEqual([]);
  });

  test('reaches other packages by their names only, never by a path that leaves its own src', () => {
    const source = path.join(packagesFolder, name, 'src');
    const outside = importsOf(name).filter(
      ({ file, specifier }) =>
        specifier.startsWith('.') &&
        path.relative(source, path.resolve(root, path.dirname(file), specifier)).startsWith('..'),
    );
    expect(outside).toEqual([]);
  });

  test('declares the packages that it imports, and no other of this house', () => {
    const imported = new Set(importsOf(name).map(({ specifier }) => packageOf(specifier)));
    imported.delete(undefined);
    imported.delete(name);
    const declared = Object.keys(manifest(name).dependencies ?? {}).map(packageOf);
    expect(declared.filter((one) => one !== undefined).sort()).toEqual([...imported].sort());
  });

  test('knows a framework only behind the subpath of its name', () => {
    const strangers = importsOf(name).filter(
      ({ file, specifier }) =>
        frameworks.includes(specifier) && !/src\/(.*\/)?(fastify|express|hono|koa|nest)(\.ts$|\/)/.test(file),
    );
    expect(strangers).toEqual([]);
  });

  test('looks like its neighbours: README of at most 120 lines, tests, a bench, a face that only exports', () => {
    const folder = path.join(packagesFolder, name);
    const readme = readFileSync(path.join(folder, 'README.md'), 'utf8');
    expect(readme.split('\n').length).toBeLessThanOrEqual(121);
    expect(readdirSync(path.join(folder, 'test')).some((file) => file.endsWith('.test.ts'))).toBe(true);
    expect(readdirSync(path.join(folder, 'bench')).some((file) => file.endsWith('.bench.ts'))).toBe(true);
    const face = readFileSync(path.join(folder, 'src', 'index.ts'), 'utf8');
    expect(
      face.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').match(/^(?!export\b|import\b|\s|\}|$).+/gm),
    ).toBeNull();
  });
});
