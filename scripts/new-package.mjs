// npm run new:package -- <name> <floor> "<what it is for>": a package that every check of the house accepts as it is made.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
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

/** As the formatter of this house writes it: short lists stay on their line. */
const json = (value) =>
  `${JSON.stringify(value, null, 2).replace(/\[\n([^[\]{}]+)\n\s*\]/g, (_, items) => `[${items.trim().split(/,\s+/).join(', ')}]`)}\n`;
const className = name.replace(/(^|-)([a-z0-9])/g, (_, _dash, letter) => letter.toUpperCase());

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
  'src/index.ts': `export { ${className}, type ${className}Options } from './${name}.js';\n`,
  [`src/${name}.ts`]: `import { option, readOptions } from '@mainstay/core';

export interface ${className}Options {
  /** Names it in \`stats()\` and in errors. */
  name: string;
}

/** ${description}. */
export class ${className} {
  readonly kind = '${name}';
  readonly name: string;

  /** @throws TypeError or RangeError naming the option that is wrong */
  constructor(options: ${className}Options) {
    this.name = readOptions('${className}', options, { name: option.string({ maxLength: 100 }) }).name;
  }

  stats(): Record<string, number> {
    return {};
  }
}
`,
  'test/options-are-checked.test.ts': `import { expect, test } from 'vitest';
import { ${className} } from '../src/index.js';

test('it says who it is', () => {
  expect(new ${className}({ name: 'first' })).toMatchObject({ kind: '${name}', name: 'first' });
});

test('a wrong option is named', () => {
  expect(() => Reflect.construct(${className}, [{ name: 7 }])).toThrow(/option "name"/);
});
`,
  'bench/what-it-costs.bench.ts': `import { ${className} } from '@mainstay/${name}';
import { question } from '../../../scripts/bench/harness.mjs';

await question({
  title: 'what does making one cost?',
  iterations: 10_000,
  rounds: 9,
  contestants: {
    mainstay: (operations) => {
      for (let i = 0; i < operations; i++) new ${className}({ name: 'bench' });
    },
  },
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
/** Its place in the house, after the others. */
function takeFloor() {
  const file = path.join(root, 'scripts', 'test', 'architecture.test.ts');
  const key = name.includes('-') ? `'${name}'` : name;
  const code = readFileSync(file, 'utf8');
  if (code.includes(`\n  ${key}: `)) return;
  writeFileSync(file, code.replace(/(const floors[^}]*)\n\};/, `$1\n  ${key}: ${floor},\n};`));
}

takeFloor();
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
console.log(`packages/${name} is made, with its floor and its place in the lockfile.`);
console.log(
  `Next: npm test -- ${name}; then the README and the types, the tests, an example (examples/${name}-<framework>), a changeset (npm run changeset).`,
);
