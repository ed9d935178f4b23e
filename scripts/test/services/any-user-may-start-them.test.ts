import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { giveTo } from '../../services/keeper/owner.mjs';
import { ended, hasPostgres, servicesFolder, startScript } from './support.ts';

// Others than root cannot become somebody else; for them the rest of the suite is this test.
describe.runIf(process.getuid?.() === 0 && hasPostgres)('a clone', () => {
  const ordinary = { uid: 65_534, gid: 65_534 };
  let clone: string;

  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'mainstay-clone-test-'));
    mkdirSync(join(clone, 'scripts'));
    cpSync(servicesFolder, join(clone, 'scripts/services'), { recursive: true });
    // The fetched parts, where there are any, so that nothing is fetched here.
    const fetched = join(servicesFolder, '../../.services');
    for (const name of ['npm', 'debian/redis']) {
      const from = join(fetched, name);
      if (existsSync(from))
        cpSync(from, join(clone, '.services', name), { recursive: true, verbatimSymlinks: true });
    }
  });

  afterEach(() => rmSync(clone, { recursive: true, force: true }));

  const script = `
    import { startServices } from './scripts/services/index.mjs';
    const start = async () => startServices({ postgres: true, dataDir: process.cwd() + '/.services/data' });
    await (await start()).close();
    const services = await start();
    console.log(JSON.stringify({ describe: services.postgres.describe, pid: services.postgres.pid }));
    await services.close();`;

  it('of an ordinary user runs servers as that user', async () => {
    giveTo(clone, ordinary);
    const env = { PATH: process.env.PATH, HOME: clone };
    const { child, said } = await startScript(script, { cwd: clone, env, ...ordinary });
    expect(said.describe).toMatch(/^PostgreSQL/);
    await ended(child);
    expect(child.exitCode).toBe(0);
    expect(statSync(join(clone, '.services/data/postgres')).uid).toBe(ordinary.uid);
  });

  it('of root that nobody else may enter works all the same, and keeps its data inside', async () => {
    chmodSync(clone, 0o700);
    const { child, said } = await startScript(script, { cwd: clone });
    expect(said.describe).toMatch(/^PostgreSQL/);
    await ended(child);
    expect(child.exitCode).toBe(0);
    expect(existsSync(join(clone, '.services/data/postgres/data/PG_VERSION'))).toBe(true);
  });
});
