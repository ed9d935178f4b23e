import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import express from 'express';
import { expect, test } from 'vitest';
import { cacheResponses } from '../src/express.js';
import { createCache } from '../src/index.js';
import { redisTest } from './support/redis.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text = '']) => ({
  language,
  text,
}));
const [program, http] = blocks.filter(({ language }) => language === 'js');
const output = blocks.find(({ language }) => language === '');

redisTest('the program that the README begins with prints what the README says', async ({ server }) => {
  const face = new URL('../dist/index.js', import.meta.url).href;
  const source = (program?.text ?? '')
    .replace("'@mainstay/cache'", `'${face}'`)
    .replace('{ port: 6379 }', `{ port: ${server.port} }`);
  expect(source).toContain(`${server.port}`);
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--unhandled-rejections=strict', '-e', source],
    { cwd: new URL('..', import.meta.url), timeout: 50_000 },
  );
  expect({ stdout, stderr }).toEqual({ stdout: output?.text, stderr: '' });
  expect(program?.text.split('\n').length).toBeLessThanOrEqual(26);
});

test('the lines about HTTP in the README work as they stand', async () => {
  const source = (http?.text ?? '').replace(/^import .*$/gm, '');
  const app = express();
  const cache = createCache({ name: 'readme' });
  let calls = 0;
  const handler: express.RequestHandler = (_request, response) => {
    response.send(`${++calls}`);
  };
  new Function('app', 'cache', 'cacheResponses', 'handler', source)(app, cache, cacheResponses, handler);
  const server = createServer(app);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/products`;
  const seen = [await (await fetch(url)).text(), await (await fetch(url)).text()];
  server.close();
  server.closeAllConnections();
  expect(seen).toEqual(['1', '1']);
});

test('the README is no longer than 120 lines', () => {
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(120);
});
