import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { databaseUrl, outside, postgresTest } from './support/postgres.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const programs = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, text = '']) => text);
const [postgres = '', anything = ''] = programs;

const faces = { "'@mainstay/pool/pg'": 'pg', "'@mainstay/pool'": 'index' };

/** As it stands, in a process of its own, from the built package; what it printed. */
async function runs(program: string, prelude: string, env: Record<string, string>): Promise<string> {
  let source = prelude + program;
  for (const [name, file] of Object.entries(faces)) {
    source = source.replace(name, `'${new URL(`../dist/${file}.js`, import.meta.url).href}'`);
  }
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--unhandled-rejections=strict', '-e', source],
    { cwd: new URL('..', import.meta.url), timeout: 50_000, env: { ...process.env, ...env } },
  );
  expect(stderr).toBe('');
  return stdout;
}

postgresTest('the lines about Postgres run as they stand', async () => {
  expect(postgres).toContain('new PgPool(');
  await outside(async (client) => {
    await client.query('CREATE TABLE conversations (id int, title text, author text)');
    await client.query("INSERT INTO conversations VALUES (1, 'On engines', 'ada')");
    await client.query('CREATE TABLE accounts (id int PRIMARY KEY, balance int)');
    await client.query('INSERT INTO accounts VALUES (1, 100), (2, 100)');
  });
  const printed = await runs(`${postgres}console.log(JSON.stringify(rows));`, '', {
    DATABASE_URL: databaseUrl(),
  });
  expect(printed.trim()).toBe('[{"id":1,"title":"On engines"}]');
  await outside(async (client) => {
    const { rows } = await client.query('SELECT balance FROM accounts ORDER BY id');
    expect(rows).toEqual([{ balance: 90 }, { balance: 110 }]);
  });
});

test('the lines about anything else run as they stand', async () => {
  expect(anything).toContain('new Pool(');
  let received = '';
  const printer = createServer((socket) => {
    socket.on('data', (chunk) => {
      received += chunk;
    });
  });
  await new Promise<void>((resolve) => {
    printer.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void printer.close());
  const { port } = printer.address() as { port: number };
  // What a printer's client would bring.
  const prelude = `
    import net from 'node:net';
    const connect = ({ host, signal }) => new Promise((resolve, reject) => {
      if (host !== 'printer.local' || signal.aborted) reject(new Error('what is this?'));
      const socket = net.connect(${port}, '127.0.0.1', () => resolve(socket));
    });
  `;
  await runs(`${anything}await pool.drain();`, prelude, {});
  await expect.poll(() => received).toBe('hello');
});

test('the README is no longer than 120 lines', () => {
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(120);
});
