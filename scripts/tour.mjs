// npm run tour: starts its own system, drives it from outside as a visitor would, breaks it on purpose, and shows what happened.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startServices } from './services/index.mjs';
import { build, install, SetupError } from './setup.mjs';
import { showError, stopOnSignals } from './stopping.mjs';
import { backendFilter, startSystem } from './system.mjs';
import { steps } from './tour/steps.mjs';
import { resultTable } from './tour/table.mjs';
import { Visitor } from './tour/visitor.mjs';

const { signal } = stopOnSignals();

/** Plays the steps in order. After a step that did not hold, the ones that build on it are still tried: each says what it saw. */
async function play(system, services) {
  const visitor = new Visitor(system.backend.url, signal);
  const stage = { visitor, services, standIns: system.standIns };
  const results = [];
  for (const { title, needs, run } of steps) {
    signal.throwIfAborted();
    const missing =
      needs && !services[needs] ? services.skipped.find(({ name }) => name === needs) : undefined;
    process.stdout.write(`  ${title} … `);
    const result = missing
      ? { title, outcome: 'skipped', seen: `no ${needs}: ${missing.reason}. ${missing.hint}` }
      : await run(stage).then(
          (seen) => ({ title, outcome: 'held', seen }),
          (error) => ({ title, outcome: 'FAILED', seen: error.message }),
        );
    console.log(result.outcome);
    results.push(result);
  }
  return results;
}

async function tour() {
  await install({ filters: [backendFilter], quiet: true, signal });
  await build({ filters: [backendFilter], signal });
  const services = await startServices({ postgres: true, redis: true, signal });
  const scratch = mkdtempSync(path.join(tmpdir(), 'mainstay-tour-'));
  const logFile = path.join(scratch, 'backend.log');
  const log = openSync(logFile, 'a');
  let system;
  try {
    if (!services.postgres)
      throw new SetupError(
        `No Postgres: ${services.skipped.map(({ reason, hint }) => `${reason}. ${hint}`).join(' ')}`,
      );
    system = await startSystem({
      databaseUrl: services.postgres.url,
      redisUrl: services.redis?.url,
      env: { PORT: '0', NODE_ENV: 'development' },
      stdio: log,
      ownModels: false,
      signal,
    });
    console.log(
      `The system stands on ${[services.postgres, services.redis]
        .filter(Boolean)
        .map(({ describe }) => describe)
        .join(' and ')}.\n`,
    );
    const results = await play(system, services);
    console.log(`\n${resultTable(results)}`);
    return results.some(({ outcome }) => outcome === 'FAILED') ? 1 : 0;
  } catch (error) {
    console.error(readFileSync(logFile, 'utf8').split('\n').slice(-20).join('\n'));
    throw error;
  } finally {
    system?.backend.signal('SIGTERM');
    await system?.backend.exited;
    await system?.stopStandIns();
    await services.close();
    closeSync(log);
    rmSync(scratch, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await tour();
} catch (error) {
  showError(error);
  process.exitCode = signal.aborted ? 130 : 1;
}
