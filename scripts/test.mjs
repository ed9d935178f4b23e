// npm test and its sisters: `node scripts/test.mjs <unit|compat|faults|soak> [package …]`.
// Installs, builds, checks, runs the suite of every package, and ends with one line: `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { root } from './pnpm.mjs';
import { fingerprint, provision } from './services/index.mjs';
import { everything, everythingAndCompat, install, SetupError, turbo } from './setup.mjs';
import { closingLine, readReports, suiteProjects, writeSum } from './suites/reports.mjs';
import { forgetSkippedTasks, lastRun } from './suites/turbo-run.mjs';

const suites = ['unit', 'compat', 'faults', 'soak'];
const [suite = 'unit', ...packages] = process.argv.slice(2);
if (!suites.includes(suite)) {
  console.error(`Unknown suite "${suite}": ${suites.join(', ')}`);
  process.exit(2);
}
const task = suite === 'unit' ? 'test' : `test:${suite}`;

/** Checks of the whole tree that belong to no package. @returns {string[]} the names of those that failed */
function treeChecks() {
  const bin = path.join(root, 'node_modules', '.bin');
  const checks = [
    ['biome', ['check', '.', '--error-on-warnings']],
    ['knip', []],
  ];
  return checks
    .filter(
      ([name, args]) => spawnSync(path.join(bin, name), args, { cwd: root, stdio: 'inherit' }).status !== 0,
    )
    .map(([name]) => name);
}

async function run() {
  await install({ filters: suite === 'compat' ? everythingAndCompat : everything });
  const parts = await provision(['postgres', 'redis'], { log: (line) => console.log(line) });
  for (const part of parts) {
    console.log(
      part.available
        ? `using ${part.describe}`
        : `${part.name} is not to be had: ${part.reason}. ${part.hint}`,
    );
  }
  const failedChecks = suite === 'unit' && packages.length === 0 ? treeChecks() : [];
  const projects = suiteProjects(task, packages);
  if (projects.length === 0) {
    const having = suiteProjects(task).map(({ folder }) => path.basename(folder));
    throw new SetupError(
      `No ${suite} suite in ${packages.join(', ')}. There is one in: ${having.join(', ')}`,
    );
  }
  for (const project of projects)
    rmSync(path.join(project.folder, 'reports', `${suite}.json`), { force: true });
  // A name that no project has is left to turbo to complain about.
  const unknown = packages.filter((name) => suiteProjects(task, [name]).length === 0);
  const chosen = packages.length === 0 ? [] : projects.map(({ name }) => name);
  const filters = [...chosen, ...unknown].map((name) => `--filter=${name}`);
  // What is tested from outside (tarballs, commands) has no dependency that turbo could see: build it all beforehand.
  if (suite !== 'unit') await turbo(['run', 'build', '--continue=always']);
  const tasks = suite === 'unit' ? ['build', 'typecheck', 'check:exports', task] : [task];
  // Suites of real time and real servers run one at a time, so that they disturb nobody.
  const concurrency = suite === 'unit' ? '2' : '1';
  await turbo(
    ['run', ...tasks, ...filters, '--continue=always', '--summarize', `--concurrency=${concurrency}`],
    {
      env: { MAINSTAY_PARTS: `node=${process.version};${await fingerprint()}` },
    },
  );
  const turboRun = lastRun();
  const sum = readReports(projects, suite, turboRun, failedChecks);
  forgetSkippedTasks(turboRun, sum.skippedProjects);
  return sum;
}

try {
  const sum = await run();
  writeSum(suite, sum);
  for (const name of sum.skippedNames) console.log(`skipped: ${name}`);
  for (const name of sum.failedNames) console.log(`failed: ${name}`);
  console.log(closingLine(sum));
  process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
} catch (error) {
  const sum = { passed: 0, failed: 1, skipped: 0 };
  writeSum(suite, sum);
  console.error(error instanceof SetupError ? error.message : error);
  console.log(closingLine(sum));
  process.exitCode = 1;
}
