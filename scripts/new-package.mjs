// npm run new:package -- <name> <floor> "<what it is for>": a package that every check of the house accepts as it is made.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { exampleFiles } from './new-package/example-files.mjs';
import { packageFiles } from './new-package/package-files.mjs';
import { root } from './pnpm.mjs';

const [name, floor, description] = process.argv.slice(2);
if (!/^[a-z][a-z0-9-]*$/.test(name ?? '') || !/^[1-4]$/.test(floor ?? '') || !description) {
  console.error('Usage: npm run new:package -- <name> <floor> "<what it is for>"');
  console.error(
    '  name: lower case, digits, dashes; floor: 1 to 4, it may import only from floors below its own',
  );
  process.exit(2);
}
const folder = path.join(root, 'packages', name);
if (existsSync(folder)) {
  console.error(`packages/${name} exists already; choose another name or remove it first.`);
  process.exit(1);
}

const className = name.replace(/(^|-)([a-z0-9])/g, (_, _dash, letter) => letter.toUpperCase());

function write(folder, files) {
  for (const [file, content] of Object.entries(files)) {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
}

/** Its place in the house, after the others. */
function takeFloor() {
  const file = path.join(root, 'scripts', 'test', 'architecture.test.ts');
  const key = name.includes('-') ? `'${name}'` : name;
  const code = readFileSync(file, 'utf8');
  if (code.includes(`\n  ${key}: `)) return;
  writeFileSync(file, code.replace(/(const floors[^}]*)\n\};/, `$1\n  ${key}: ${floor},\n};`));
}

/** Its line on the map of the examples, before the one that shows most of them together. */
function takeLine() {
  const file = path.join(root, 'examples', 'README.md');
  const line = `| [${name}-node](${name}-node) | ${description} |\n`;
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace('| [reference-backend]', `${line}| [reference-backend]`),
  );
}

write(folder, packageFiles({ name, description, className }));
write(path.join(root, 'examples', `${name}-node`), exampleFiles({ name, description, className }));
takeFloor();
takeLine();
if (existsSync(path.join(root, 'pnpm-lock.yaml'))) {
  const update = ['install', '--lockfile-only', '--no-frozen-lockfile'];
  const { status } = spawnSync(process.execPath, [path.join(root, 'scripts', 'pnpm.mjs'), ...update], {
    stdio: 'inherit',
  });
  if (status !== 0) {
    console.error('The lockfile could not be brought up to date: what pnpm said stands above.');
    process.exit(1);
  }
}
console.log(
  `packages/${name} and examples/${name}-node are made, with their places in the house and the lockfile.`,
);
console.log(
  `Next: npm test -- ${name}; then the README and the types, the tests, the example, a changeset (npm run changeset).`,
);
