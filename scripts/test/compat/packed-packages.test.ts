import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  consumer,
  facesOf,
  packAll,
  packages,
  removeFolder,
  requiredPeers,
  root,
  run,
  temporaryFolder,
} from './consumer.js';

/** What a TypeScript project on Node has besides the packages. */
const declarations: [string, string][] = [
  ['@types/node', '^20.19.0'],
  ['@types/pg', '^8.23.1'],
  ['@types/express', '^5.0.0'],
];

let scratch: string;
let project: string;
let bareProject: string;

beforeAll(() => {
  scratch = temporaryFolder();
  const tarballs = packAll(scratch);
  project = path.join(scratch, 'with-peers');
  bareProject = path.join(scratch, 'without-optional-peers');
  const allPeers = packages.flatMap(({ manifest }) => Object.entries(manifest.peerDependencies ?? {}));
  consumer(project, tarballs, [...new Map([...allPeers, ...declarations])]);
  consumer(bareProject, tarballs, [...new Map(packages.flatMap(requiredPeers))]);
});
afterAll(() => removeFolder(scratch));

const faces = packages.flatMap(facesOf);

describe.each(faces)('%s from its tarball', (face) => {
  test('can be imported', () => {
    const code = `const face = await import('${face}'); if (Object.keys(face).length === 0) throw new Error('empty');`;
    run(process.execPath, ['--input-type=module', '--unhandled-rejections=strict', '-e', code], project);
  });

  test('can be required, and gives the same names as the import', () => {
    const code = `import('${face}').then((esm) => {
      const wanted = Object.keys(esm).filter((name) => name !== 'default' && name !== 'module.exports').sort().join();
      const got = Object.keys(require('${face}')).filter((name) => name !== 'default' && name !== '__esModule').sort().join();
      if (wanted !== got) throw new Error(wanted + ' <> ' + got);
    });`;
    run(process.execPath, ['--input-type=commonjs', '--unhandled-rejections=strict', '-e', code], project);
  });
});

test.each(packages.map(({ manifest }) => manifest.name))('%s works without its optional peers', (name) => {
  run(process.execPath, ['--input-type=module', '-e', `await import('${name}');`], bareProject);
});

test.each([
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
])('a strict TypeScript project with $moduleResolution resolution sees the types', (options) => {
  const lines = faces.map(
    (face, index) =>
      `import * as face${index} from '${face}';\nexport const used${index}: object = face${index};`,
  );
  writeFileSync(path.join(project, 'index.mts'), lines.join('\n'));
  const compilerOptions = {
    ...options,
    target: 'es2022',
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
  };
  writeFileSync(
    path.join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...compilerOptions, types: ['node'] }, files: ['index.mts'] }),
  );
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', project, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  // Libraries are checked too; what is wrong in somebody else's declarations is not ours to mend.
  const ours = stdout.split('\n').filter((line) => /^(index\.mts|.*@mainstay)/.test(line));
  expect(ours).toEqual([]);
});
