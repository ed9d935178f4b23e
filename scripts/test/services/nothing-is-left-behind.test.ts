import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { childrenOf } from '../../services/keeper/processes.mjs';
import {
  ended,
  eventually,
  hasPostgres,
  hasRedis,
  isRunning,
  servicesFolder,
  startScript,
} from './support.ts';

/** Prints pids, then does what the test is about; `prepare` comes before, for what must not miss what follows the pids. */
function script(then: string, prepare = '') {
  return `
    import { startServices } from ${JSON.stringify(`${servicesFolder}index.mjs`)};
    const services = await startServices({ postgres: true, redis: true });
    ${prepare}
    console.log(JSON.stringify({ pids: [services.postgres.pid, services.redis.pid] }));
    ${then}`;
}

const waitForever = 'setInterval(() => {}, 1_000);';

describe.skipIf(!hasPostgres || !hasRedis)('nothing is left behind', () => {
  let temporary: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'mainstay-left-behind-test-'));
    mkdirSync(join(temporary, 'tmp'), { mode: 0o777 });
    // Servers started by root run as somebody who must pass.
    if (process.getuid?.() === 0)
      for (const path of [temporary, join(temporary, 'tmp')]) chmodSync(path, 0o755);
    env = { ...process.env, TMPDIR: join(temporary, 'tmp') };
  });

  afterEach(() => rmSync(temporary, { recursive: true, force: true }));

  async function expectNothingLeft(pids: number[]) {
    await eventually(() => !pids.some(isRunning), 'the servers have ended');
    await eventually(() => readdirSync(join(temporary, 'tmp')).length === 0, 'the private folder is gone');
  }

  it('after a SIGKILL of the process that started them', async () => {
    const { child, said } = await startScript(script(waitForever), { env });
    expect(readdirSync(join(temporary, 'tmp'))).toHaveLength(1);
    child.kill('SIGKILL');
    await expectNothingLeft(said.pids as number[]);
  });

  it('after the process simply came to its end, which idle servers do not delay', async () => {
    const { child, said } = await startScript(script(''), { env });
    await ended(child);
    expect(child.exitCode).toBe(0);
    await expectNothingLeft(said.pids as number[]);
  });

  it('after an exception that nobody caught, even when the servers are frozen', async () => {
    const freeze =
      'await services.postgres.freeze(); await services.redis.freeze(); throw new Error("boom");';
    const { child, said } = await startScript(script(freeze), { env });
    await ended(child);
    expect(child.exitCode).not.toBe(0);
    await expectNothingLeft(said.pids as number[]);
  });

  it('after the keeper itself was killed', async () => {
    const { child, said } = await startScript(script(waitForever), { env });
    const [keeper] = await childrenOf(child.pid!);
    process.kill(keeper!, 'SIGKILL');
    await expectNothingLeft(said.pids as number[]);
    child.kill('SIGKILL');
  });

  it('while a Ctrl-C reaches only the process that started them', async () => {
    // Whoever answers has come past the signal; then both servers must be there still.
    const drain = `process.on('SIGINT', async () => {
      for (const server of [services.postgres, services.redis]) {
        await server.lastLines();
        process.kill(server.pid, 0);
      }
      await services.close();
      process.exit(0);
    });`;
    const { child, said } = await startScript(script(waitForever, drain), { env });
    const pids = said.pids as number[];
    const [keeper] = await childrenOf(child.pid!);
    for (const pid of [child.pid!, keeper!]) process.kill(pid, 'SIGINT');
    await ended(child);
    expect(child.exitCode).toBe(0);
    expect(pids.some(isRunning)).toBe(false);
    await expectNothingLeft(pids);
  });
});
