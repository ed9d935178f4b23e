import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { freeze, kill, thaw } from '../src/index.js';
import { until } from './helpers.js';

const children: ChildProcess[] = [];

function child(): number {
  const started = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(started);
  return started.pid as number;
}

afterEach(() => {
  for (const one of children.splice(0)) one.kill('SIGKILL');
});

const onLinux = process.platform === 'linux';

/** T: stopped, Z: ended, and its parent has not looked at it yet. */
function state(pid: number): string {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return 'gone';
  }
  return status.slice(status.lastIndexOf(')') + 2, status.lastIndexOf(')') + 3);
}

test.skipIf(!onLinux)('freeze stops a process until the end of the scope, after a failure too', async () => {
  const pid = child();
  const failing = async (): Promise<void> => {
    await using _frozen = freeze(pid);
    await until(() => state(pid) === 'T');
    throw new Error('the test fails');
  };
  await expect(failing()).rejects.toThrow('the test fails');
  await until(() => state(pid) !== 'T');
});

test.skipIf(!onLinux)(
  'a process that is frozen twice goes on when both are thawed, or with thaw(pid)',
  async () => {
    const pid = child();
    const first = freeze(pid);
    const second = freeze(pid);
    first.thaw();
    first.thaw();
    await until(() => state(pid) === 'T');
    second.thaw();
    await until(() => state(pid) !== 'T');
    freeze(pid);
    await until(() => state(pid) === 'T');
    thaw(pid);
    await until(() => state(pid) !== 'T');
  },
);

test
  .skipIf(!onLinux)
  .for([
    'process.exit(0)',
    'process.kill(process.pid, "SIGKILL")',
    'null.x',
    'process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 9999)',
  ])('a frozen process goes on when the one that froze it ends: %s', async (ending) => {
  const pid = child();
  const library = path.resolve(import.meta.dirname, '../dist/index.js');
  const script = `import { freeze } from ${JSON.stringify(library)}; freeze(${pid}); console.log('frozen');
      await new Promise((resolve) => process.stdin.once('data', resolve)); ${ending}`;
  const freezer = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await once(freezer.stdout, 'data');
  await until(() => state(pid) === 'T');
  freezer.stdin.write('end');
  await once(freezer, 'exit');
  await until(() => state(pid) !== 'T');
});

test('freezing holds no process: one that has thawed ends by itself', async () => {
  const pid = child();
  const library = path.resolve(import.meta.dirname, '../dist/index.js');
  const script = `import { freeze } from ${JSON.stringify(library)}; freeze(${pid});`;
  const freezer = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
  expect((await once(freezer, 'exit'))[0]).toBe(0);
  if (onLinux) await until(() => state(pid) !== 'T');
});

test('kill waits until the process is gone, and starts it again at the end of the scope', async () => {
  let pid = child();
  const killed = pid;
  {
    await using _killed = await kill(pid, {
      restart: () => {
        pid = child();
      },
    });
    // It has ended; on Linux it stays listed, as a zombie, until Node has looked at it.
    if (onLinux) expect(['gone', 'Z', 'X']).toContain(state(killed));
    expect(pid).toBe(killed);
  }
  expect(pid).not.toBe(killed);
  expect(process.kill(pid, 0)).toBe(true);
});

test('kill restarts once, and tells when a process does not go', async () => {
  let restarts = 0;
  const killed = await kill(child(), { restart: () => (restarts += 1) });
  await Promise.all([killed.undo(), killed.undo(), killed[Symbol.asyncDispose]()]);
  expect(restarts).toBe(1);
  const stubborn = spawn(
    process.execPath,
    ['-e', 'process.on("SIGTERM", () => {}); console.log(1); setInterval(() => {}, 1e3)'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  children.push(stubborn);
  await once(stubborn.stdout, 'data');
  const attempt = kill(stubborn.pid as number, { signal: 'SIGTERM', timeoutMs: 50 });
  await expect(attempt).rejects.toMatchObject({ code: 'ERR_STILL_RUNNING' });
});

test.for([0, 1, -1, process.pid, Number.NaN, 1.5, '77', undefined, 2 ** 31, Number.POSITIVE_INFINITY])(
  'never itself, a group, the first process or what is no number of one: %s',
  async (pid) => {
    for (const act of [freeze, thaw]) expect(() => act(pid as never)).toThrow(/option "pid" must/);
    await expect(kill(pid as never)).rejects.toThrow(/option "pid" must/);
  },
);

test('a process that is not there is told', async () => {
  const gone = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(gone, 'exit');
  const pid = gone.pid as number;
  expect(() => freeze(pid)).toThrow(expect.objectContaining({ code: 'ERR_NO_SUCH_PROCESS' }));
  await expect(kill(pid)).rejects.toMatchObject({ code: 'ERR_NO_SUCH_PROCESS' });
  thaw(pid);
});
