// npm run new:package -- <name> "<one line of what it is for>": a package folder that looks like its neighbours.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './pnpm.mjs';

const [name, description] = process.argv.slice(2);
if (!/^[a-z][a-z0-9-]*$/.test(name ?? '') || !description) {
  console.error(
    'Usage: npm run new:package -- <name> "<what it is for>"   (name: lower case, digits, dashes)',
  );
  process.exit(2);
}
const folder = path.join(root, 'packages', name);
if (existsSync(folder)) {
  console.error(`packages/${name} exists already; choose another name or remove it first.`);
  process.exit(1);
}

/** As the formatter of this house writes it: short lists stay on their line. */
const json = (value) =>
  `${JSON.stringify(value, null, 2).replace(/\[\n([^[\]{}]+)\n\s*\]/g, (_, items) => `[${items.trim().split(/,\s+/).join(', ')}]`)}\n`;
const className = name.replace(/(^|-)([a-z])/g, (_, _dash, letter) => letter.toUpperCase());

const files = {
  'package.json': json({
    name: `@mainstay/${name}`,
    version: '0.0.0',
    description,
    license: 'MIT',
    type: 'module',
    sideEffects: false,
    engines: { node: '>=20' },
    files: ['dist'],
    main: './dist/index.cjs',
    module: './dist/index.js',
    types: './dist/index.d.cts',
    exports: {
      '.': {
        import: { types: './dist/index.d.ts', default: './dist/index.js' },
        require: { types: './dist/index.d.cts', default: './dist/index.cjs' },
      },
      './package.json': './package.json',
    },
    publishConfig: { access: 'public' },
    scripts: {
      build: 'tsup',
      typecheck: 'tsc -p .',
      'check:exports': 'publint --strict && attw --pack . --profile node16',
      test: 'node ../../scripts/toolchain/vitest.mjs unit',
    },
    dependencies: { '@mainstay/core': 'workspace:^' },
  }),
  'tsconfig.json': json({ extends: '../../tsconfig.base.json', include: ['src', 'test', 'tsup.config.ts'] }),
  'tsup.config.ts':
    "import { library } from '../../scripts/toolchain/tsup.mjs';\n\nexport default library(['src/index.ts']);\n",
  'typedoc.json': json({ entryPoints: ['src/index.ts'] }),
  'README.md': `# @mainstay/${name}\n\n${description}\n\n\`\`\`sh\nnpm install @mainstay/${name}\n\`\`\`\n`,
  'src/index.ts': `export const kind = '${name}';\n`,
  'test/is-importable.test.ts': `import { expect, test } from 'vitest';
import { kind } from '../src/index.js';

test('${className} can be imported', () => {
  expect(kind).toBe('${name}');
});
`,
  'bench/package.json': json({
    name: `@mainstay/${name}-bench`,
    private: true,
    type: 'module',
    dependencies: { [`@mainstay/${name}`]: 'workspace:^' },
  }),
};

for (const [file, content] of Object.entries(files)) {
  const target = path.join(folder, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, content);
}
console.log(
  `packages/${name} is made. Next: npm run setup, write the README's 20 lines and the types, then the tests.`,
);
console.log('State its floor in scripts/test/architecture.test.ts, and add a changeset (npm run changeset).');
