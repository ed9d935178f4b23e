import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closingLine, readReports } from '../suites/reports.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mainstay-reports-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const project = () => ({ name: '@mainstay/a', folder });
const ran = (exitCode: number) => [{ name: '@mainstay/a', task: 'test', hash: 'h', exitCode }];

function report(statuses: string[], file: { status?: string; message?: string } = {}) {
  mkdirSync(path.join(folder, 'reports'));
  const assertionResults = statuses.map((status, index) => ({ status, fullName: `test ${index}` }));
  const testResults = [{ name: path.join(folder, 'a.test.ts'), status: 'passed', ...file, assertionResults }];
  writeFileSync(path.join(folder, 'reports', 'unit.json'), JSON.stringify({ testResults }));
}

test('passed, failed and skipped tests are added up, and the last two are named', () => {
  report(['passed', 'passed', 'failed', 'skipped', 'todo'], { status: 'failed' });
  const sum = readReports([project()], 'unit', ran(1));
  expect(closingLine(sum)).toBe('2 passed, 1 failed, 2 skipped');
  expect(sum.failedNames).toEqual([expect.stringContaining('test 2')]);
  expect(sum.skippedNames).toEqual([expect.stringContaining('test 3'), expect.stringContaining('test 4')]);
  expect(sum.skippedProjects).toEqual([{ name: '@mainstay/a', task: 'test' }]);
});

test('a suite without a report counts as failed', () => {
  expect(closingLine(readReports([project()], 'unit', ran(0)))).toBe('0 passed, 1 failed, 0 skipped');
});

test('a test file that could not be loaded counts as failed', () => {
  report([], { status: 'failed', message: 'Cannot find module' });
  expect(closingLine(readReports([project()], 'unit', ran(1)))).toBe('0 passed, 1 failed, 0 skipped');
});

test('an exit code without a failed test counts as failed: an unhandled rejection fails no test', () => {
  report(['passed']);
  expect(closingLine(readReports([project()], 'unit', ran(1)))).toBe('1 passed, 1 failed, 0 skipped');
});

test('a failed check of the tree and a failed build count as failed', () => {
  report(['passed']);
  const run = [...ran(0), { name: '@mainstay/a', task: 'build', hash: 'b', exitCode: 2 }];
  const sum = readReports([project()], 'unit', run, ['biome']);
  expect(closingLine(sum)).toBe('1 passed, 2 failed, 0 skipped');
  expect(sum.failedNames).toEqual(['biome', '@mainstay/a build']);
});
