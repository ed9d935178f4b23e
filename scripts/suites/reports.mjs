// Adds up the runners' JSON reports. A report that is missing, and a check that failed, count as a failure.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../pnpm.mjs';

/**
 * @typedef {{ name: string, folder: string }} Project
 * @typedef {object} Sum
 * @property {number} passed @property {number} failed @property {number} skipped
 * @property {string[]} failedNames @property {string[]} skippedNames
 * @property {{ name: string, task: string }[]} skippedProjects
 */

/** The projects that have the task. @param {string} task @param {string[]} only folder names; none: all @returns {Project[]} */
export function suiteProjects(task, only = []) {
  const folders = ['packages', 'examples'].flatMap((group) =>
    readdirSync(path.join(root, group)).map((name) => path.join(root, group, name)),
  );
  // A package's tests of foreign clients are a project of their own, within its folder.
  const foreign = folders.map((folder) => path.join(folder, 'compat'));
  const nameOf = (folder) => path.basename(foreign.includes(folder) ? path.dirname(folder) : folder);
  return [...folders, ...foreign, path.join(root, 'scripts')]
    .filter((folder) => only.length === 0 || only.includes(nameOf(folder)))
    .filter((folder) => existsSync(path.join(folder, 'package.json')))
    .map((folder) => ({
      folder,
      manifest: JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')),
    }))
    .filter(({ manifest }) => manifest.scripts?.[task] !== undefined)
    .map(({ folder, manifest }) => ({ name: manifest.name, folder }));
}

/** @param {string} file @returns {{ status: string, title: string }[] | undefined} the tests of one vitest report */
function readReport(file) {
  if (!existsSync(file)) return undefined;
  const { testResults } = JSON.parse(readFileSync(file, 'utf8'));
  return testResults.flatMap((result) => {
    const where = path.relative(root, result.name);
    const tests = result.assertionResults.map(({ status, fullName }) => ({
      status,
      title: `${where}: ${fullName}`,
    }));
    // A file that could not even be collected has no tests of its own to fail.
    return result.status === 'failed' && !tests.some(({ status }) => status === 'failed')
      ? [
          ...tests,
          {
            status: 'failed',
            title: `${where}: ${String(result.message).split('\n')[0] || 'failed outside its tests'}`,
          },
        ]
      : tests;
  });
}

/**
 * @param {Project[]} projects @param {string} suite @param {import('./turbo-run.mjs').TaskResult[]} run
 * @param {string[]} failedChecks @returns {Sum}
 */
export function readReports(projects, suite, run, failedChecks = []) {
  const task = suite === 'unit' ? 'test' : `test:${suite}`;
  const sum = { passed: 0, failed: 0, skipped: 0, failedNames: [], skippedNames: [], skippedProjects: [] };
  const fail = (name) => {
    sum.failed += 1;
    sum.failedNames.push(name);
  };
  for (const check of failedChecks) fail(check);
  for (const { name, task: other, exitCode } of run) if (other !== task && exitCode) fail(`${name} ${other}`);
  for (const { name, folder } of projects) {
    const tests = readReport(path.join(folder, 'reports', `${suite}.json`));
    if (tests === undefined) {
      fail(`${name} ${task}: no report, the suite did not come to its end`);
      continue;
    }
    const by = (...statuses) =>
      tests.filter(({ status }) => statuses.includes(status)).map(({ title }) => title);
    const skipped = by('skipped', 'pending', 'todo', 'disabled');
    sum.passed += by('passed').length;
    sum.skipped += skipped.length;
    sum.skippedNames.push(...skipped);
    if (skipped.length > 0) sum.skippedProjects.push({ name, task });
    for (const title of by('failed')) fail(title);
    const exitCode = run.find((one) => one.name === name && one.task === task)?.exitCode;
    if (exitCode && by('failed').length === 0)
      fail(`${name} ${task}: exit code ${exitCode} with no failed test (an unhandled error?)`);
  }
  return sum;
}

/** @param {Pick<Sum, 'passed' | 'failed' | 'skipped'>} sum */
export const closingLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

const sumFile = (suite) => path.join(root, 'reports', `${suite}.json`);

/** @param {string} suite @param {Pick<Sum, 'passed' | 'failed' | 'skipped'>} sum */
export function writeSum(suite, { passed, failed, skipped }) {
  mkdirSync(path.dirname(sumFile(suite)), { recursive: true });
  writeFileSync(sumFile(suite), JSON.stringify({ passed, failed, skipped }));
}

/** @param {string} suite */
export function readSum(suite) {
  return existsSync(sumFile(suite))
    ? JSON.parse(readFileSync(sumFile(suite), 'utf8'))
    : { passed: 0, failed: 1, skipped: 0 };
}
