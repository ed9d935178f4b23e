// What a cached test result depends on besides the code: which real parts were there.

import { defaultServicesDir } from './places.mjs';
import { parts } from './sources/parts.mjs';
import { resolvePart } from './sources/provision.mjs';

/**
 * `postgres=15.18;redis=7.0.15;nginx=absent;…`: cheap, fetches nothing. Provision first, else a part that would be
 * fetched later still counts as absent here.
 * @param {{ names?: string[], servicesDir?: string }} [options]
 * @returns {Promise<string>}
 */
export async function fingerprint({ names = Object.keys(parts), servicesDir = defaultServicesDir } = {}) {
  const context = { servicesDir, log: () => {}, fetch: false };
  const found = await Promise.all(names.map((name) => resolvePart(name, context)));
  return found.map((part) => `${part.name}=${part.available ? part.version : 'absent'}`).join(';');
}
