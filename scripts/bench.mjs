// npm run bench [-- <package> …] [-- --json]: answers the bench questions of all or of some packages, one file after the other.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './pnpm.mjs';
import { build, install } from './setup.mjs';
import { showError, stopOnSignals } from './stopping.mjs';

const args = process.argv.slice(2);
const asJson = args.includes('--json');
const benched = readdirSync(path.join(root, 'packages')).filter(
  (name) => existsSync(path.join(root, 'packages', name, 'bench')) && questionsOf(name).length > 0,
);
const asked = args.filter((arg) => !arg.startsWith('-'));
const unknown = asked.filter((name) => !benched.includes(name));
if (unknown.length > 0) {
  console.error(`No bench for ${unknown.join(', ')}. There is one for: ${benched.join(', ')}`);
  process.exit(2);
}
const packages = asked.length > 0 ? asked : benched;

function questionsOf(name) {
  const folder = path.join(root, 'packages', name, 'bench');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.bench.ts'))
    .map((file) => path.join(folder, file));
}

/** The real servers are started by files that lie beside one another: they are imported from where they are. */
const servicesStay = {
  name: 'services-stay',
  setup: (builder) =>
    builder.onResolve({ filter: /\/scripts\/services\// }, ({ resolveDir, path: file }) => ({
      path: pathToFileURL(path.resolve(resolveDir, file)).href,
      external: true,
    })),
};

/** Bundles only the bench file itself (types away); the packages and their peers run as their users get them. */
async function bundle(file) {
  const esbuild = await import('esbuild');
  const outfile = path.join(path.dirname(file), '.out', path.basename(file).replace(/\.ts$/, '.mjs'));
  await esbuild.build({
    entryPoints: [file],
    outfile,
    bundle: true,
    packages: 'external',
    plugins: [servicesStay],
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
  return outfile;
}

/** No question takes this long; a bench that leaves something open would otherwise never end. */
const longestMinutes = 20;

async function ask(file, report) {
  const deadline = AbortSignal.timeout(longestMinutes * 60_000);
  const child = spawn(process.execPath, ['--expose-gc', '--no-warnings', await bundle(file)], {
    cwd: path.dirname(file),
    signal: AbortSignal.any([signal, deadline]),
    stdio: ['ignore', asJson ? 'ignore' : 'inherit', 'inherit'],
    env: { ...process.env, MAINSTAY_BENCH_REPORT: report, MAINSTAY_BENCH_QUIET: asJson ? '1' : '0' },
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if (signal.aborted || !deadline.aborted) reject(signal.reason ?? error);
      else console.error(`ended after ${longestMinutes} minutes: does it close all that it opened?`);
    });
    child.once('exit', (code) => resolve(code === 0));
  });
}

const { signal } = stopOnSignals();

/** @param {string} scratch @returns {Promise<{ results: object[], failed: number }>} */
async function askAll(scratch) {
  const results = [];
  let failed = 0;
  for (const name of packages) {
    if (!asJson) console.log(`\n## ${name}`);
    for (const file of questionsOf(name)) {
      signal.throwIfAborted();
      const report = path.join(scratch, `${name}-${path.basename(file)}.jsonl`);
      if (!(await ask(file, report))) {
        failed += 1;
        console.error(`bench failed: ${path.relative(root, file)}`);
      }
      const lines = existsSync(report) ? readFileSync(report, 'utf8').trim().split('\n').filter(Boolean) : [];
      results.push(
        ...lines.map((line) => ({ package: name, file: path.basename(file), ...JSON.parse(line) })),
      );
    }
  }
  return { results, failed };
}

async function run() {
  await install({ filters: packages.map((name) => `@mainstay/${name}-bench...`), quiet: asJson, signal });
  await build({ filters: packages.map((name) => `@mainstay/${name}...`), signal });
  const scratch = mkdtempSync(path.join(tmpdir(), 'mainstay-bench-'));
  try {
    return await askAll(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

try {
  const { results, failed } = await run();
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`;
  if (asJson) console.log(JSON.stringify({ machine, results }, null, 2));
  else console.log(`\nMeasured on ${machine}.`);
  process.exitCode = failed > 0 ? 1 : 0;
} catch (error) {
  showError(error);
  process.exitCode = 1;
}
