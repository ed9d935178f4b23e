// npm start: installs, builds, starts real servers and the reference backend, and shows where everything is.
import path from 'node:path';
import { root } from './pnpm.mjs';
import { provision, startServices } from './services/index.mjs';
import { build, install, SetupError } from './setup.mjs';
import { backendFilter, checkConfiguration, startSystem } from './system.mjs';

const started = performance.now();
const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
const say = (text) => console.log(text);
const progress = (text) => say(`[${seconds().padStart(6)}] ${text}`);

/** The first signal ends the start or drains the backend; the second forces. */
const stopping = new AbortController();
const onSignal = [];
let signals = 0;
let lastSignalAt = Number.NEGATIVE_INFINITY;
/** npm passes on the Ctrl-C that the terminal has already brought us: the two are one. */
const sameKeyPressMs = 200;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(name, () => {
    const now = performance.now();
    if (now - lastSignalAt < sameKeyPressMs) return;
    lastSignalAt = now;
    signals += 1;
    say(signals === 1 ? `\n${name}: draining; once more to force` : `\n${name}: forcing`);
    stopping.abort(new SetupError('Stopped before everything was up.'));
    for (const listener of onSignal) listener(signals);
  });
}

async function prepare() {
  progress('looking for the dependencies and the servers');
  const parts = provision(['postgres', 'redis'], { log: progress, signal: stopping.signal });
  // Its failure is looked at below; an install that fails first must not leave it unheard.
  parts.catch(() => {});
  if (await install({ filters: [backendFilter], quiet: true, signal: stopping.signal }))
    progress('dependencies installed');
  await build({ filters: [backendFilter], signal: stopping.signal });
  progress('built');
  return parts;
}

/** @param {import('./services/index.mjs').Services} services */
function connections(services) {
  const databaseUrl = process.env.DATABASE_URL ?? services.postgres?.url;
  if (databaseUrl === undefined) {
    const { reason, hint } = services.skipped.find(({ name }) => name === 'postgres') ?? {};
    throw new SetupError(
      `No Postgres: ${reason}. ${hint} Or name one that runs already: DATABASE_URL=postgres://… npm start`,
    );
  }
  return { databaseUrl, redisUrl: process.env.REDIS_URL ?? services.redis?.url };
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
  const models = Object.keys(standIns);
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
          ? `${models.join(', then ')} (stand-ins; your own: MODELS, see examples/reference-backend)`
          : 'yours (MODELS)',
    }),
  );
  say(
    `\nTry first:\n  curl -s -X POST ${url}/api/auth/token -H 'content-type: application/json' -d '{"username":"demo","password":"demo"}'\n`,
  );
  say('Ctrl-C drains and stops everything.');
}

/** Waits for the backend's end; signals go to it one by one, so that it can tell the first from the second. */
async function untilStopped({ backend, standIns }) {
  let asked = signals > 0;
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
  for (const part of await parts) if (part.available) progress(`found ${part.describe}`);
  const services = await startServices({
    postgres: process.env.DATABASE_URL === undefined,
    redis: process.env.REDIS_URL === undefined,
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
    return signals > 1 ? 1 : code;
  } finally {
    await system?.stopStandIns();
    await services.close();
    say('servers stopped');
  }
}

async function checkOnly() {
  await install({ filters: [backendFilter], quiet: true, signal: stopping.signal });
  await build({ filters: [backendFilter], signal: stopping.signal });
  return checkConfiguration();
}

try {
  process.exitCode = process.argv.includes('--check-config') ? await checkOnly() : await run();
} catch (error) {
  const known = error instanceof SetupError || /^ERR_SERVICE/.test(error?.code) || stopping.signal.aborted;
  console.error(known ? `\n${error.message}` : error);
  process.exitCode = signals > 0 ? 130 : 1;
}
