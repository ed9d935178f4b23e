// What a new package consists of, by path inside its folder.
import { json, manifest } from './json.mjs';

/** @param {{ name: string, description: string, className: string }} of @returns {Record<string, string>} */
export const packageFiles = ({ name, description, className }) => ({
  'package.json': manifest({
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
  'bench/package.json': manifest({
    name: `@mainstay/${name}-bench`,
    private: true,
    type: 'module',
    dependencies: { [`@mainstay/${name}`]: 'workspace:^' },
  }),
});
