import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../services/lock.mjs';
import { unpackInto } from '../../services/sources/unpacked-folder.mjs';
import { ended, servicesFolder, startScript } from './support.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mainstay-lock-test-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the lock of a clone', () => {
  it('makes a second one wait, tells for whom, and lets it in afterwards', async () => {
    const path = join(folder, 'lock');
    const release = await acquireLock(path, { waitMs: 0 });
    const order: string[] = [];
    const second = acquireLock(path, { waitMs: 20_000, onWait: (pid) => order.push(`waits for ${pid}`) });
    await expect(acquireLock(path, { waitMs: 150 })).rejects.toMatchObject({
      code: 'ERR_LOCKED',
      holderPid: process.pid,
    });
    order.push('released');
    await release();
    await (await second)();
    expect(order).toEqual([`waits for ${process.pid}`, 'released']);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is taken from a holder that was killed', async () => {
    const path = join(folder, 'lock');
    const { child } = await startScript(`
      import { acquireLock } from ${JSON.stringify(`${servicesFolder}lock.mjs`)};
      await acquireLock(${JSON.stringify(path)}, { waitMs: 0 });
      console.log('{}');
      setInterval(() => {}, 1_000);`);
    await expect(acquireLock(path, { waitMs: 0 })).rejects.toMatchObject({ holderPid: child.pid });
    child.kill('SIGKILL');
    await ended(child);
    await (await acquireLock(path, { waitMs: 0 }))();
  });

  it('is taken from a dead holder whose pid another process has now', async () => {
    const path = join(folder, 'lock');
    writeFileSync(path, JSON.stringify({ host: hostname(), pid: process.pid, start: 'long ago' }));
    await (await acquireLock(path, { waitMs: 0 }))();
  });

  it('has one holder at a time, however many find a dead one at once', async () => {
    const path = join(folder, 'lock');
    const log = join(folder, 'log');
    writeFileSync(path, JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1, start: '1' }));
    const code = `
      import { appendFileSync } from 'node:fs';
      import { acquireLock } from ${JSON.stringify(`${servicesFolder}lock.mjs`)};
      const release = await acquireLock(${JSON.stringify(path)}, { waitMs: 25_000 });
      appendFileSync(${JSON.stringify(log)}, 'in ');
      await new Promise((resolve) => setTimeout(resolve, 20));
      appendFileSync(${JSON.stringify(log)}, 'out ');
      await release();`;
    const children = Array.from({ length: 6 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', code]),
    );
    await Promise.all(children.map(ended));
    expect(readFileSync(log, 'utf8')).toBe('in out '.repeat(6));
  });
});

describe('a fetched folder', () => {
  it('appears complete or not at all', async () => {
    const target = join(folder, 'parts', 'thing');
    const failing = unpackInto(target, async (unfinished) => {
      writeFileSync(join(unfinished, 'half'), '');
      expect(existsSync(target)).toBe(false);
      throw new Error('the network went away');
    });
    await expect(failing).rejects.toThrow('the network went away');
    expect(readdirSync(join(folder, 'parts'))).toEqual([]);
  });

  it('replaces what a killed attempt left behind', async () => {
    mkdirSync(join(folder, 'parts', '.thing.unfinished-killed'), { recursive: true });
    await unpackInto(join(folder, 'parts', 'thing'), async (unfinished) => {
      writeFileSync(join(unfinished, 'whole'), '', { mode: 0o600 });
    });
    expect(readdirSync(join(folder, 'parts'))).toEqual(['thing']);
    expect(readdirSync(join(folder, 'parts', 'thing'))).toEqual(['whole']);
  });
});
