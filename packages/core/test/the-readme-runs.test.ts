import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runChild } from './helpers/child.js';

test('the example of the README prints what the README shows', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, names, code, output] =
    /```js\nimport \{(.*?)\} from '@mainstay\/core';\n(.*?)```\n\n```\n(.*?)\n```/s.exec(readme) ?? [];
  const { stdout, stderr, status } = await runChild(`const {${names}} = core;\n${code}`);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toBe(output);
});
