import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { clientOf, echo, until } from './helpers.js';

const cli = path.resolve(import.meta.dirname, '../dist/cli.js');
const running: ChildProcessWithoutNullStreams[] = [];

function run(...args: string[]) {
  const child = spawn(process.execPath, [cli, ...args]);
  running.push(child);
  const output = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    output.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.err += chunk;
  });
  return { child, output, exit: once(child, 'close').then(([code]) => code as number | null) };
}

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

test.for(['SIGINT', 'SIGTERM'] as const)(
  'proxies, takes faults over its control API, and %s closes everything: exit 0',
  async (signal) => {
    await using target = await echo();
    const { child, output, exit } = run(
      '--listen',
      '0',
      '--target',
      `127.0.0.1:${target.port}`,
      '--control',
      '0',
      '--seed',
      '5',
    );
    await until(() => output.out.split('\n').length === 3);
    const [, port, name] = /tcp:\/\/127\.0\.0\.1:(\d+) -> (\S+) \(seed 5\)/.exec(output.out) ?? [];
    expect(name).toBe(`127.0.0.1:${target.port}`);
    const control = /control API at (http:\/\/127\.0\.0\.1:\d+)/.exec(output.out)?.[1];
    using client = clientOf(Number(port));
    client.socket.write('hello');
    expect((await client.has(5)).toString()).toBe('hello');
    const headers = { 'content-type': 'application/json' };
    const added = await fetch(`${control}/faults`, {
      method: 'POST',
      headers,
      body: '{"type":"cut","how":"rst"}',
    });
    expect(added.status).toBe(201);
    expect(await client.ended).toBe('ECONNRESET');
    await fetch(`${control}/faults`, { method: 'DELETE' });
    using second = clientOf(Number(port));
    second.socket.write('x');
    await second.has(1);
    child.kill(signal);
    expect(await exit).toBe(0);
    expect(['end', 'ECONNRESET']).toContain(await second.ended);
    expect(output.err).toBe('');
  },
);

test('starts with faults, in HTTP mode', async () => {
  const { output } = run(
    '--listen',
    '0',
    '--target',
    '9',
    '--http',
    '--fault',
    '{"type":"httpError","status":418}',
  );
  await until(() => output.out.includes('\n'));
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output.out)?.[0];
  expect((await fetch(`${url}/`)).status).toBe(418);
});

test.for([
  [[], 2],
  [['--control', 'none'], 1],
] as const)(
  'the control API is there on the loopback interface unless told otherwise: %s',
  async ([args, lines]) => {
    const { child, output, exit } = run('--listen', '0', '--target', '9', ...args);
    await until(() => output.out.split('\n').length === lines + 1);
    if (lines === 2) {
      const control = /control API at (http:\/\/127\.0\.0\.1:\d+)/.exec(output.out)?.[1];
      expect((await fetch(`${control}/stats`)).status).toBe(200);
    }
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(output.out.trimEnd().split('\n')).toHaveLength(lines);
  },
);

test('--help tells how', async () => {
  const { output, exit } = run('--help');
  expect(await exit).toBe(0);
  expect(output.out).toContain('--listen');
  expect(output.out).toContain('wrongContentLength');
});

test.for([
  [[], /--listen is missing/],
  [['--listen', '1'], /--target is missing/],
  [['--listen', 'x', '--target', '1'], /--listen must be a port from 0 to 65535, or host:port, received "x"/],
  [['--listen', '0', '--target', '0'], /--target must be a port from 1/],
  [['--listen', '0', '--target', '70000'], /received "70000"/],
  [['--listen', '0', '--target', '1', '--seed', 'abc'], /--seed must be a whole number/],
  [['--listen', '0', '--target', '1', '--fault', '{x}'], /--fault must be JSON/],
  [['--listen', '0', '--target', '1', '--fault', '{"type":"lag"}'], /must be one of latency/],
  [['--listen', '0', '--target', '1', '--fault', 'null'], /must be one of latency/],
  [['--lissen', '0'], /--lissen/],
] as const)('wrong use is told with exit code 2: %s', async ([args, message]) => {
  const { output, exit } = run(...args);
  const code = await exit;
  expect(output.err).toMatch(message);
  expect(code).toBe(2);
  expect(output.err).toContain('Usage:');
});

test('a taken port is told with exit code 1', async () => {
  await using target = await echo();
  const first = run('--listen', String(target.port), '--target', '9');
  expect(await first.exit).toBe(1);
  expect(first.output.err).toMatch(/port \d+ of 127\.0\.0\.1 is taken/);
  const second = run('--listen', '0', '--target', '9', '--control', String(target.port));
  expect(await second.exit).toBe(1);
});
