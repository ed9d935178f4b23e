import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import { afterEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const ctrlC = '\x03';

/** `npm start` (or another script) on a pseudo-terminal, as a person runs it. */
class Terminal {
  output = '';
  readonly #pty;
  readonly exited: Promise<number>;

  constructor(script: string[], env: Record<string, string>) {
    this.#pty = spawn('npm', script, {
      cwd: root,
      cols: 200,
      env: { ...process.env, ...env } as Record<string, string>,
    });
    this.#pty.onData((text) => {
      this.output += text;
    });
    this.exited = new Promise((resolve) => this.#pty.onExit(({ exitCode }) => resolve(exitCode)));
  }

  get pid() {
    return this.#pty.pid;
  }

  press(key: string) {
    this.#pty.write(key);
  }

  async sees(text: string | RegExp, withinMs = 90_000) {
    const deadline = performance.now() + withinMs;
    const shown = () => (typeof text === 'string' ? this.output.includes(text) : text.test(this.output));
    while (!shown()) {
      if (performance.now() > deadline) throw new Error(`"${text}" did not appear:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** For the end of a test that failed half-way: nothing of it may stay behind. */
  async end() {
    for (const signal of ['SIGTERM', 'SIGKILL']) {
      try {
        this.#pty.kill(signal);
      } catch {
        return;
      }
      const ended = await Promise.race([
        this.exited,
        new Promise((resolve) => setTimeout(resolve, 15_000, 'late')),
      ]);
      if (ended !== 'late') return;
    }
  }
}

let terminal: Terminal | undefined;
afterEach(() => terminal?.end());

const open = (script: string[], env: Record<string, string>) => {
  terminal = new Terminal(script, env);
  return terminal;
};

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

async function eventually(what: string, holds: () => boolean | Promise<boolean>, withinMs = 20_000) {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const serverPorts = (output: string) =>
  [...output.matchAll(/(?:postgres|redis):\/\/\S*127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
const privateFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('mainstay-'));
const gitStatus = () => execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' });

async function startUp(port: number) {
  const shell = open(['start'], { PORT: String(port) });
  await shell.sees('Ctrl-C drains');
  expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200);
  const ports = serverPorts(shell.output);
  expect(ports.length).toBeGreaterThan(0);
  return { shell, ports };
}

async function nothingIsLeft(ports: number[], folders: string[]) {
  for (const port of ports) await eventually(`port ${port} closes`, async () => !(await answers(port)));
  await eventually('the private folder is removed', () =>
    privateFolders().every((name) => folders.includes(name)),
  );
}

test('npm start shows one table, Ctrl-C drains and stops everything with exit code 0', async () => {
  const [port, folders, tree] = [await freePort(), privateFolders(), gitStatus()];
  const { shell, ports } = await startUp(port);
  for (const row of ['API docs', 'health', 'metrics', 'postgres', 'redis', 'curl'])
    expect(shell.output).toContain(row);
  expect((await fetch(`http://127.0.0.1:${port}/docs`)).ok).toBe(true);
  shell.press(ctrlC);
  expect(await shell.exited).toBe(0);
  expect(shell.output).toContain('servers stopped');
  await nothingIsLeft([port, ...ports], folders);
  expect(gitStatus()).toBe(tree);
});

test('the data survive a restart', async () => {
  const ask = async (port: number, path: string, token: string, body?: object) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return (await response.json()) as Record<string, string>;
  };
  const logIn = async (port: number) =>
    (await ask(port, '/api/auth/token', '', { username: 'demo', password: 'demo' })).token ?? '';
  const port = await freePort();
  const first = await startUp(port);
  const { conversationId } = await ask(port, '/api/chat', await logIn(port), { message: 'Remember me' });
  first.shell.press(ctrlC);
  expect(await first.shell.exited).toBe(0);
  const second = await startUp(port);
  const kept = await ask(port, `/api/conversations/${conversationId}`, await logIn(port));
  expect(JSON.stringify(kept)).toContain('Remember me');
  second.shell.press(ctrlC);
  expect(await second.shell.exited).toBe(0);
});

test('a second Ctrl-C forces, even while a visitor is still waiting', async () => {
  const [port, folders] = [await freePort(), privateFolders()];
  const { shell, ports } = await startUp(port);
  // A request that never ends: the head is promised, the body never comes.
  const visitor = net.connect(port, '127.0.0.1', () => {
    visitor.write(
      'POST /api/auth/token HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{',
    );
  });
  visitor.on('error', () => {});
  await eventually('the visitor is in', () => visitor.bytesWritten > 0);
  shell.press(ctrlC);
  await shell.sees('once more to force');
  // Two within 200 ms are one: npm passes on what the terminal has already delivered.
  await new Promise((resolve) => setTimeout(resolve, 400));
  shell.press(ctrlC);
  await shell.sees('forcing');
  expect(await shell.exited).not.toBe(0);
  visitor.destroy();
  await nothingIsLeft([port, ...ports], folders);
});

test('nothing is left after npm start was killed', async () => {
  const [port, folders] = [await freePort(), privateFolders()];
  const { shell, ports } = await startUp(port);
  const starter = execFileSync('pgrep', ['-P', String(shell.pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number);
  for (const pid of starter) process.kill(pid, 'SIGKILL');
  await shell.exited;
  await nothingIsLeft([port, ...ports], folders);
});

test('two systems stand side by side', async () => {
  const [portA, portB] = [await freePort(), await freePort()];
  const a = await startUp(portA);
  const first = terminal;
  try {
    const shell = open(['run', 'tour'], {});
    await shell.sees('The system stands on');
    expect((await fetch(`http://127.0.0.1:${portA}/health/ready`)).status).toBe(200);
    expect(portB).not.toBe(portA);
    shell.press(ctrlC);
    await shell.exited;
  } finally {
    a.shell.press(ctrlC);
    expect(await a.shell.exited).toBe(0);
    await first?.end();
  }
});

test.each([
  {
    what: 'an unreachable Postgres',
    env: { DATABASE_URL: 'postgres://mainstay@127.0.0.1:1/mainstay' },
    says: /127\.0\.0\.1:1/,
  },
  { what: 'a DATABASE_URL that is none', env: { DATABASE_URL: 'not a url' }, says: /DATABASE_URL/ },
])('$what gives one clear message and a non-zero exit code', async ({ env, says }) => {
  const [port, folders] = [await freePort(), privateFolders()];
  const shell = open(['start'], { PORT: String(port), ...env });
  expect(await shell.exited).not.toBe(0);
  expect(shell.output).toMatch(says);
  expect(shell.output).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)/m);
  await nothingIsLeft([port], folders);
});

test('a port that is taken gives one clear message and a non-zero exit code', async () => {
  const folders = privateFolders();
  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as net.AddressInfo;
  try {
    const shell = open(['start'], { PORT: String(port) });
    expect(await shell.exited).not.toBe(0);
    expect(shell.output).toContain(String(port));
    expect(shell.output).toMatch(/PORT/);
    expect(shell.output).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)/m);
    await nothingIsLeft([], folders);
  } finally {
    taken.close();
  }
});

test('Redis absent is no error: the table says that the second level is away', async () => {
  const port = await freePort();
  const shell = open(['start'], { PORT: String(port), MAINSTAY_WITHOUT: 'redis' });
  await shell.sees('Ctrl-C drains');
  expect(shell.output).toContain('memory level');
  expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200);
  shell.press(ctrlC);
  expect(await shell.exited).toBe(0);
});

test('npm run config:check tells every problem at once and starts nothing', async () => {
  const shell = open(['run', 'config:check'], {
    PORT: 'eighty',
    JWT_SECRET: 'hunter2hunter2',
    NODE_ENV: 'production',
  });
  expect(await shell.exited).not.toBe(0);
  expect(shell.output).toMatch(/PORT[\s\S]*eighty/);
  expect(shell.output).toContain('JWT_SECRET');
  expect(shell.output).not.toContain('hunter2hunter2');
  expect(await open(['run', 'config:check'], {}).exited).toBe(0);
});

test('the tour holds, from its first line to its last', async () => {
  const shell = open(['run', 'tour'], {});
  expect(await shell.exited, shell.output).toBe(0);
  expect(shell.output).toMatch(/held/);
  expect(shell.output).not.toMatch(/FAILED/);
});
