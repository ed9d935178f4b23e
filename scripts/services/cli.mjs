// node scripts/services/cli.mjs provision [--require] [part …]   prints what was found
// node scripts/services/cli.mjs run                              PostgreSQL and Redis until Ctrl-C
import { fingerprint, provision, startServices } from './index.mjs';

const [command, ...rest] = process.argv.slice(2);
const log = (/** @type {string} */ message) => console.error(message);

/** @param {string[]} args */
async function printProvisioned(args) {
  const named = args.filter((word) => word !== '--require');
  const names = /** @type {import('./index.d.mts').PartName[]} */ (
    named.length > 0 ? named : ['postgres', 'redis']
  );
  const parts = await provision(names, { log });
  for (const part of parts) {
    console.log(
      part.available
        ? `${part.describe}  ${part.binary}`
        : `${part.name}: absent: ${part.reason}. ${part.hint}`,
    );
  }
  if (args.includes('--require') && parts.some((part) => !part.available)) process.exitCode = 1;
}

async function runUntilCtrlC() {
  const starting = new AbortController();
  const stopped = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve);
  });
  stopped.then(() => starting.abort(new Error('called off')));
  const services = await startServices({ postgres: true, redis: true, signal: starting.signal, log });
  for (const { name, reason, hint } of services.skipped) console.log(`${name}: absent: ${reason}. ${hint}`);
  for (const server of [services.postgres, services.redis])
    if (server) console.log(`${server.describe}  ${server.url}`);
  // Servers do not keep this process alive; something has to until Ctrl-C.
  const alive = setInterval(() => {}, 60_000);
  await stopped;
  clearInterval(alive);
  await services.close();
}

try {
  if (command === 'provision') await printProvisioned(rest);
  else if (command === 'fingerprint') console.log(await fingerprint());
  else if (command === 'run') await runUntilCtrlC();
  else throw new TypeError('usage: cli.mjs provision [--require] [part …] | fingerprint | run');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
