// What CI runs: the three suites, each even when the one before failed, and one closing line, their sum.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { root } from './pnpm.mjs';
import { closingLine, readSum } from './suites/reports.mjs';

const suites = ['unit', 'compat', 'faults'];
rmSync(path.join(root, 'reports'), { recursive: true, force: true });
for (const suite of suites) {
  const started = performance.now();
  console.log(`\n===== ${suite} =====`);
  spawnSync(process.execPath, [path.join(root, 'scripts', 'test.mjs'), suite], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  console.log(`===== ${suite}: ${((performance.now() - started) / 1000).toFixed(0)} s =====`);
}
const sum = suites.map(readSum).reduce((total, one) => ({
  passed: total.passed + one.passed,
  failed: total.failed + one.failed,
  skipped: total.skipped + one.skipped,
}));
console.log(closingLine(sum));
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
