// Runs one suite of the package in the current directory: `node ../../scripts/toolchain/vitest.mjs <suite> [file …]`.
// unit: test/**/*.test.ts; compat, faults and soak: test/<suite>/**. The JSON report is what the closing line is counted from.
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const special = ['compat', 'faults', 'soak'];
const [suite = 'unit', ...filters] = process.argv.slice(2);
if (suite !== 'unit' && !special.includes(suite)) {
  console.error(`Unknown suite "${suite}": unit, ${special.join(', ')}`);
  process.exit(2);
}

const timeouts = { unit: 60_000, compat: 240_000, faults: 120_000, soak: 1_800_000 };
const excluded = suite === 'unit' ? special : special.filter((name) => name !== suite);
// A second run of the same suite (another Node) keeps its report apart from the first one's.
const report = path.resolve('reports', `${process.env.MAINSTAY_REPORT ?? suite}.json`);
rmSync(report, { force: true });

// In this very process, so that whoever ends it ends the tests.
const require = createRequire(import.meta.url);
const vitest = path.join(path.dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
process.argv = [
  process.execPath,
  vitest,
  'run',
  ...['--dir', suite === 'unit' ? 'test' : `test/${suite}`],
  ...excluded.flatMap((name) => ['--exclude', `**/${name}/**`]),
  ...['--testTimeout', String(timeouts[suite]), '--hookTimeout', String(timeouts[suite])],
  // A second, Vitest's own limit, is for machines that do nothing else.
  ...['--expect.poll.timeout', '30000'],
  ...['--reporter', 'default', '--reporter', 'json', '--outputFile.json', report],
  '--passWithNoTests',
  ...filters,
];
await import(pathToFileURL(vitest).href);
