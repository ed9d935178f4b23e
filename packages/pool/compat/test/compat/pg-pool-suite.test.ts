import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { databaseUrl, postgresTest } from './support/postgres.js';

/** Tests of pg-pool that hold for pg-pool and not for PgPool in strict mode, and why. */
const exceptions: Record<string, string> = {
  'idle timeout can remove idle clients and recreate them':
    'it allows one millisecond beyond an idle timeout of one; deadlines are never early, and may be that much late: it passes now and then',
};

const require = createRequire(import.meta.url);
const tests = path.join(path.dirname(require.resolve('pg-pool-3-6-1')), 'test');
const redirect = fileURLToPath(new URL('../../pg-pool-suite/redirect.cjs', import.meta.url));
/** What crashes the process on a warning, a program for one of the tests, and a file that is empty. */
const noTests = ['setup.js', 'idle-timeout-exit.js', 'timeout.js'];
const files = readdirSync(tests).filter((file) => file.endsWith('.js') && !noTests.includes(file));

interface Report {
  passes: { fullTitle: string }[];
  failures: { fullTitle: string; err: { message?: string } }[];
  pending: { fullTitle: string }[];
}

/** A process a file, as they patch pg and count connections. */
function runFile(subject: 'pg-pool' | 'strict', file: string, folder: string): Report {
  const output = path.join(folder, `${subject}-${file}.json`);
  const { hostname, port, username, password, pathname } = new URL(databaseUrl());
  const reporter = ['--reporter', 'json', '--reporter-option', `output=${output}`];
  const { stderr } = spawnSync(
    process.execPath,
    [
      require.resolve('mocha/bin/mocha.js'),
      '--exit',
      '--no-config',
      '--timeout',
      '10000',
      ...reporter,
      path.join(tests, file),
    ],
    {
      encoding: 'utf8',
      timeout: 60_000,
      cwd: folder,
      env: {
        ...process.env,
        // The tests start processes of their own.
        NODE_OPTIONS: `--require=${redirect}`,
        POOL_IN_QUESTION: subject,
        PGHOST: hostname,
        PGPORT: port,
        PGUSER: decodeURIComponent(username),
        PGPASSWORD: decodeURIComponent(password),
        PGDATABASE: pathname.slice(1),
      },
    },
  );
  try {
    return JSON.parse(readFileSync(output, 'utf8'));
  } catch (cause) {
    throw new Error(`${subject}, ${file}: no report. ${stderr.slice(-500)}`, { cause });
  }
}

postgresTest('pg-pool 3.6.1’s own tests pass on PgPool in strict mode as they do on pg-pool', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mainstay-pg-pool-suite-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const theirs = files.map((file) => runFile('pg-pool', file, folder));
  const ours = files.map((file) => runFile('strict', file, folder));
  const passed = (reports: Report[]) =>
    reports.flatMap(({ passes }) => passes.map(({ fullTitle }) => fullTitle));
  const passedByUs = new Set(passed(ours));
  const missing = passed(theirs).filter((title) => !passedByUs.has(title));
  const messages = ours.flatMap(({ failures }) =>
    failures.map(({ fullTitle, err }) => `${fullTitle}: ${err.message}`),
  );
  expect(passed(theirs).length).toBeGreaterThanOrEqual(70);
  expect(Object.keys(exceptions).filter((title) => !passed(theirs).includes(title))).toEqual([]);
  expect(
    missing.filter((title) => exceptions[title] === undefined),
    messages.join('\n'),
  ).toEqual([]);
  console.log(
    `pg-pool: ${passed(theirs).length} pass; PgPool strict: ${passed(ours).length}; not: ${missing.join('; ')}`,
  );
});
