// npm start: installs, builds, starts real servers and the reference backend, and shows where everything is.
import path from 'node:path';
import { root } from './pnpm.mjs';
import { provision, startServices } from './services/index.mjs';
import { build, install, SetupError } from './setup.mjs';
import { showError, stopOnSignals } from './stopping.mjs';
import { backendFilter, checkConfiguration, startSystem } from './system.mjs';

const started = performance.now();
const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
const say = (text) => console.log(text);
const progress = (text) => say(`[${seconds().padStart(6)}] ${text}`);

const onSignal = [];
const stopping = stopOnSignals((name, count) => {
  say(count === 1 ? `\n${name}: draining; once more to force` : `\n${name}: forcing`);
  for (const listener of onSignal) listener();
});

/** An empty variable is an unset one, here as in the backend. */
const given = (name) => process.env[name]?.trim() || undefined;

/** The servers that the environment does not name. */
const ownServers = () => [
  ...(given('DATABASE_URL') ? [] : ['postgres']),
  ...(given('REDIS_URL') ? [] : ['redis']),
];

async function prepare() {
  progress('looking for the dependencies and the servers');
  const parts = provision(ownServers(), { log: progress, signal: stopping.signal });
  // Its failure is looked at below; an install that fails first must not leave it unheard.
  parts.catch(() => {});
  progress('installing what the backend needs');
  await install({ filters: [backendFilter], quiet: true, signal: stopping.signal });
  progress('building what has changed');
  await build({
    filters: [backendFilter],
    signal: stopping.signal,
    onBuilt: (name) => progress(`  built ${name}`),
  });
  return parts;
}

/** @param {import('./services/index.mjs').Services} services */
function connections(services) {
  const databaseUrl = given('DATABASE_URL') ?? services.postgres?.url;
  if (databaseUrl === undefined) {
    const { reason, hint } = services.skipped.find(({ name }) => name === 'postgres') ?? {};
    throw new SetupError(
      `No Postgres: ${reason}. ${hint} Or name one that runs already: DATABASE_URL=postgres://… npm start`,
    );
  }
  return { databaseUrl, redisUrl: given('REDIS_URL') ?? services.redis?.url };
}

/** A URL for people: without its password. */
function shown(url) {
  try {
    const parsed = new URL(url);
    if (parsed.password) parsed.password = '***';
    return parsed.href;
  } catch {
    return 'as configured';
  }
}

function describe(services, { redisUrl, databaseUrl }) {
  const redisAway = services.skipped.find(({ name }) => name === 'redis');
  return {
    postgres: services.postgres
      ? `${services.postgres.describe}, ${shown(databaseUrl)}`
      : `yours (DATABASE_URL), ${shown(databaseUrl)}`,
    redis: services.redis
      ? `${services.redis.describe}, ${shown(redisUrl)}`
      : redisUrl
        ? `yours (REDIS_URL), ${shown(redisUrl)}`
        : `none: the cache runs on its memory level (${redisAway?.reason ?? 'not asked for'})`,
  };
}

function table(rows) {
  const width = Math.max(...Object.keys(rows).map((name) => name.length));
  return Object.entries(rows)
    .map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
    .join('\n');
}

function welcome(url, services, urls, standIns) {
  const models = Object.entries(standIns).map(([name, { url: at }]) => `${name} (${at})`);
  say(`\nMainstay's reference backend is up after ${seconds()}\n`);
  say(
    table({
      API: `${url}/api`,
      'API docs': `${url}/docs`,
      health: `${url}/health`,
      metrics: `${url}/metrics`,
      ...describe(services, urls),
      models:
        models.length > 0
          ? `${models.join(', then ')}: stand-ins; name your own in MODELS`
          : 'yours (MODELS)',
    }),
  );
  say(
    `\nTry first:\n  curl -s -X POST ${url}/api/auth/token -H 'content-type: application/json' -d '{"username":"demo","password":"demo"}'\n`,
  );
  const [standIn] = Object.values(standIns);
  if (standIn) say(`Break a model:\n  curl -s -X POST ${standIn.url}/control -d '{"mode":"fail"}'\n`);
  say('Ctrl-C drains and stops everything.');
}

/** Waits for the backend's end; signals go to it one by one, so that it can tell the first from the second. */
async function untilStopped({ backend, standIns }) {
  let asked = stopping.count() > 0;
  const pass = () => {
    asked = true;
    backend.signal('SIGTERM');
  };
  onSignal.push(pass);
  if (asked) pass();
  const code = await backend.exited;
  if (!asked)
    throw new SetupError(`The backend ended by itself (exit code ${code}); what it said stands above.`);
  return { code, standIns };
}

async function run() {
  const parts = await prepare();
  // Before any server is started; what is wrong has been said.
  if (!(await checkConfiguration({ quiet: true }))) return 1;
  for (const part of await parts) if (part.available) progress(`found ${part.describe}`);
  const services = await startServices({
    ...Object.fromEntries(ownServers().map((name) => [name, true])),
    dataDir: path.join(root, '.services', 'data'),
    signal: stopping.signal,
    log: progress,
  });
  let system;
  try {
    progress('servers started');
    const urls = connections(services);
    system = await startSystem({ ...urls, signal: stopping.signal });
    welcome(system.backend.url, services, urls, system.standIns);
    const { code } = await untilStopped(system);
    return stopping.count() > 1 ? 1 : code;
  } finally {
    await system?.stopStandIns();
    await services.close();
    say('servers stopped');
  }
}

async function checkOnly() {
  await install({ filters: [backendFilter], quiet: true, signal: stopping.signal });
  await build({ filters: [backendFilter], signal: stopping.signal });
  return (await checkConfiguration()) ? 0 : 1;
}

try {
  process.exitCode = process.argv.includes('--check-config') ? await checkOnly() : await run();
} catch (error) {
  showError(error);
  process.exitCode = stopping.signal.aborted ? 130 : 1;
}
