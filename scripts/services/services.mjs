// A set of real servers for one caller.
import { KeeperClient } from './keeper/keeper-client.mjs';
import { serverKinds } from './servers/index.mjs';
import { provision } from './sources/provision.mjs';

/** @typedef {import('./index.d.mts').ServiceHandle} ServiceHandle */

const knownOptions = [...Object.keys(serverKinds), 'dataDir', 'signal', 'log', 'onExit', 'servicesDir'];

/** @param {import('./index.d.mts').StartServicesOptions} options */
function wantedServers(options) {
  for (const key of Object.keys(options)) {
    if (!knownOptions.includes(key))
      throw new TypeError(`unknown option ${key}; known: ${knownOptions.join(', ')}`);
  }
  return /** @type {('postgres' | 'redis')[]} */ (Object.keys(serverKinds)).filter((name) => {
    const value = options[name];
    if (value === undefined || value === false || value === true) return value === true;
    if (typeof value === 'object' && value !== null) return true;
    throw new TypeError(`${name} must be true, false or an object, not ${JSON.stringify(value)}`);
  });
}

/**
 * @param {KeeperClient} keeper
 * @param {import('./index.d.mts').AvailablePart} part
 * @param {{ url: string, port: number, pid: number }} first
 * @returns {ServiceHandle}
 */
function makeHandle(keeper, part, first) {
  let status = first;
  keeper.pids.set(part.name, status.pid);
  const act = (/** @type {string} */ method) => async () => {
    status = /** @type {typeof first} */ (await keeper.ask('act', { name: part.name, method }));
    keeper.pids.set(part.name, status.pid);
  };
  return {
    name: part.name,
    describe: part.describe,
    version: part.version,
    host: '127.0.0.1',
    get url() {
      return status.url;
    },
    get port() {
      return status.port;
    },
    get pid() {
      return status.pid;
    },
    start: act('start'),
    stop: act('stop'),
    kill: act('kill'),
    freeze: act('freeze'),
    thaw: act('thaw'),
    restart: act('restart'),
    lastLines: async () => String(await keeper.ask('lastLines', { name: part.name })),
  };
}

/**
 * @param {import('./index.d.mts').StartServicesOptions} options
 * @returns {Promise<import('./index.d.mts').Services>}
 */
export async function startServices(options) {
  const { dataDir, signal, log = () => {}, onExit = () => {}, servicesDir } = options;
  const names = wantedServers(options);
  const parts = await provision(names, { log, signal, ...(servicesDir ? { servicesDir } : {}) });
  signal?.throwIfAborted();
  const skipped = parts
    .filter((part) => !part.available)
    .map(({ name, reason, hint }) => ({ name, reason, hint }));
  const available = parts.filter((part) => part.available);
  if (available.length === 0) return assemble({}, skipped, async () => {});

  const keeper = new KeeperClient(onExit);
  const callOff = () => void keeper.close().catch(() => {});
  signal?.addEventListener('abort', callOff, { once: true });
  /** @type {Record<string, ServiceHandle>} */
  const handles = {};
  try {
    const { privateFolder } = /** @type {{ privateFolder: string }} */ (await keeper.ask('open'));
    keeper.privateFolder = privateFolder;
    for (const part of available) {
      log(`starting ${part.describe}`);
      const own = options[/** @type {'postgres' | 'redis'} */ (part.name)];
      const settings = typeof own === 'object' ? (own.settings ?? {}) : {};
      const status = await keeper.ask('start', { spec: { part, settings, dataDir } });
      handles[part.name] = makeHandle(
        keeper,
        part,
        /** @type {{ url: string, port: number, pid: number }} */ (status),
      );
    }
  } catch (error) {
    await keeper.close().catch(() => {});
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', callOff);
  }
  return assemble(handles, skipped, () => keeper.close());
}

/**
 * @param {Record<string, ServiceHandle>} handles
 * @param {import('./index.d.mts').SkippedPart[]} skipped
 * @param {() => Promise<void>} close
 * @returns {import('./index.d.mts').Services}
 */
function assemble(handles, skipped, close) {
  // Node 20.0 to 20.3 have no such symbol yet.
  const disposal = Symbol.asyncDispose ? { [Symbol.asyncDispose]: close } : {};
  const services = { postgres: handles.postgres, redis: handles.redis, skipped, close, ...disposal };
  return /** @type {import('./index.d.mts').Services} */ (services);
}
