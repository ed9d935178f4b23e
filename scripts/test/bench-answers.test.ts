import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { pairedRatio, quantile, shuffled } from '../bench/statistics.mjs';

const harness = new URL('../bench/harness.mjs', import.meta.url);
const scratch = mkdtempSync(path.join(tmpdir(), 'mainstay-bench-test-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function runBench(code: string) {
  const file = path.join(scratch, 'question.mjs');
  const report = path.join(scratch, `${Math.random()}.jsonl`);
  writeFileSync(file, `import { question, figures } from '${harness.href}';\n${code}`);
  const { stdout, stderr, status } = spawnSync(process.execPath, [pathToFileURL(file).pathname], {
    encoding: 'utf8',
    env: { ...process.env, MAINSTAY_BENCH_REPORT: report, MAINSTAY_BENCH_QUIET: '0' },
  });
  return {
    stdout,
    stderr,
    status,
    results: () =>
      readFileSync(report, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
  };
}

test('quantiles interpolate, ratios are taken round by round', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  // The machine was twice as slow in the second round: it hit both, so the ratio holds.
  expect(pairedRatio([2, 4], [1, 2])).toEqual({ median: 2, p10: 2, p90: 2 });
  expect(shuffled([1, 2, 3]).sort()).toEqual([1, 2, 3]);
});

test('a question gives a table with spread and ratios, and the same for machines', () => {
  const { stdout, status, results } = runBench(`
    let calls = { slow: 0, fast: 0 };
    const spin = (n) => { let x = 0; for (let i = 0; i < n; i++) x += Math.sqrt(i); return x; };
    await question({
      title: 'is ten times the work slower?', floor: 'fast', peer: 'slow', target: 'yes', iterations: 2000, rounds: 5,
      contestants: { fast: (n) => { calls.fast++; spin(n * 10); }, slow: async (n) => { calls.slow++; spin(n * 100); } },
    });
    if (calls.fast !== 7 || calls.slow !== 7) throw new Error('rounds: ' + JSON.stringify(calls));`);
  expect(status).toBe(0);
  expect(stdout).toContain('is ten times the work slower?');
  expect(stdout).toMatch(/\| slow +\| .*\(.*-.*\)/);
  const [{ rows, peer, floor }] = results();
  expect({ peer, floor }).toEqual({ peer: 'slow', floor: 'fast' });
  const slow = rows.find((row: { name: string }) => row.name === 'slow');
  expect(slow.toFloor.median).toBeGreaterThan(1);
  expect(slow.p10).toBeLessThanOrEqual(slow.median);
});

test('a peer that does not compete is refused', () => {
  const { stderr, status } = runBench(
    `await question({ title: 't', peer: 'nobody', iterations: 1, rounds: 1, contestants: { a() {} } });`,
  );
  expect(status).not.toBe(0);
  expect(stderr).toContain('peer "nobody" is not among the contestants a');
});
