// How a PostgreSQL server is prepared, run and asked whether it is there.
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand } from '../run-command.mjs';
import { queryPostgres } from './postgres-wire.mjs';

const initialiseTimeoutMs = 60_000;
const queryTimeoutMs = 2_000;
const user = 'mainstay';

/** @type {import('./kind.d.mts').ServerKind} */
export const postgres = {
  stopSignal: 'SIGINT', // "fast": ends sessions, finishes writing
  stopTimeoutMs: 20_000,
  startTimeoutMs: 60_000,
  portTaken: /could not bind .*: Address (already )?in use/i,

  url: (port) => `postgres://${user}@127.0.0.1:${port}/${user}`,

  async prepare({ program, version, data, cwd, owner }) {
    const { folder } = data;
    if (existsSync(join(folder, 'PG_VERSION'))) return checkMajorVersion(data, version);
    // Renamed when complete: an `initdb` that was killed leaves nothing that looks like data.
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    const options = ['--username', user, '--auth=trust', '--encoding=UTF8', '--locale=C'];
    const durability = data.kept ? [] : ['--no-sync'];
    const initdb = join(dirname(program.binary), 'initdb');
    const result = await runCommand(initdb, ['-D', unfinished, ...options, ...durability], {
      timeoutMs: initialiseTimeoutMs,
      env: program.env,
      cwd,
      ...owner,
    });
    // All that it said goes along: what went wrong is seldom in the last line.
    if (!result.ok) throw Object.assign(new Error(result.problem.split('\n')[0]), { log: result.stderr });
    renameSync(unfinished, folder);
  },

  args({ port, data, settings }) {
    const all = {
      listen_addresses: '127.0.0.1',
      port,
      // Nobody needs it, and its path may be longer than a socket's name can be.
      unix_socket_directories: '',
      // Shared memory as files of the data folder: a killed server leaves nothing elsewhere.
      dynamic_shared_memory_type: 'mmap',
      logging_collector: 'off',
      ...(data.kept ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
      ...settings,
    };
    return ['-D', data.folder, ...Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`])];
  },

  async check({ port, data }) {
    const target = { port, user, database: 'postgres', timeoutMs: queryTimeoutMs };
    const [[folder] = []] = await queryPostgres(target, 'show data_directory');
    // Somebody else's server may have taken the port; ours is the one on our data.
    if (folder !== data.folder) throw new Error(`another server answers on port ${port}`);
    const rows = await queryPostgres(target, `select 1 from pg_database where datname = '${user}'`);
    if (rows.length === 0) await queryPostgres({ ...target, timeoutMs: 20_000 }, `create database ${user}`);
  },

  async cleanUp({ data }) {
    // A killed server leaves its small System V segment behind, of which a system has a limited number.
    const pidFile = join(data.folder, 'postmaster.pid');
    if (!existsSync(pidFile)) return;
    const segment = readFileSync(pidFile, 'utf8').split('\n')[6]?.trim().split(/\s+/)[1];
    if (segment && /^\d+$/.test(segment)) await runCommand('ipcrm', ['-m', segment], { timeoutMs: 5_000 });
  },
};

/**
 * @param {import('../keeper/kept-data.mjs').ServerData} data
 * @param {string} version
 */
function checkMajorVersion({ folder, home }, version) {
  const stored = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim();
  const major = version.split('.')[0];
  if (stored === major) return;
  throw new Error(
    `the data in ${home} were made by PostgreSQL ${stored}, and the server found here is ${version}: ` +
      `install PostgreSQL ${stored}, or delete ${home} to begin empty`,
  );
}
