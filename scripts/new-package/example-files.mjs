// The small example that every package has, by path inside its folder.
import { json, manifest } from './json.mjs';

/** @param {{ name: string, description: string, className: string }} of @returns {Record<string, string>} */
export const exampleFiles = ({ name, description, className }) => ({
  'package.json': manifest({
    name: `@mainstay/example-${name}-node`,
    private: true,
    description,
    type: 'module',
    scripts: {
      start: 'node server.js',
      typecheck: 'tsc -p .',
      test: 'node ../../scripts/toolchain/vitest.mjs unit',
    },
    dependencies: { [`@mainstay/${name}`]: 'workspace:^' },
  }),
  'tsconfig.json': json({
    extends: '../../tsconfig.base.json',
    compilerOptions: { checkJs: true },
    include: ['*.js', 'test'],
  }),
  'README.md': `# ${className} with node:http

${description}.

\`\`\`sh
npm run build                            # once, in the root of the repository
npm start                                # here; PORT=3000
\`\`\`

\`\`\`
$ curl localhost:3000                    {"kind":"${name}","name":"example"}
\`\`\`
`,
  'server.js': `// ${description}.
import { createServer } from 'node:http';
import { ${className} } from '@mainstay/${name}';

const component = new ${className}({ name: 'example' });

const server = createServer((_request, response) => {
  response.end(JSON.stringify({ kind: component.kind, name: component.name, ...component.stats() }));
});

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(\`example at http://127.0.0.1:\${port}\`);
});
`,
  'test/it-answers.test.ts': `import { expect, test } from 'vitest';
import { getJson, startExample } from '../../../scripts/toolchain/start-example.js';

test('it says what it is', async () => {
  const { urls, stop } = await startExample('example');
  expect(await getJson(\`\${urls.example}/\`)).toMatchObject({ kind: '${name}', name: 'example' });
  expect(await stop()).toBe(0);
});
`,
});
