import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { packages, root, run } from './consumer.js';

const runner = path.join(root, 'scripts', 'toolchain', 'vitest.mjs');

describe.each(['22', '24'])('on Node %s', (version) => {
  /** Found once and run by itself: npx in between would outlive a timeout with all that it started. */
  const node = run('npx', ['--yes', '-p', `node@${version}`, 'node', '-p', 'process.execPath'], root).trim();

  test.each(packages.map(({ manifest, folder }) => ({ name: manifest.name, folder })))(
    '$name passes its own tests',
    ({ folder }) => {
      const report = `node-${version}`;
      run(node, [runner, 'unit'], folder, { MAINSTAY_REPORT: report });
      const file = path.join(folder, 'reports', `${report}.json`);
      const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(file, 'utf8'));
      rmSync(file);
      expect(numFailedTests).toBe(0);
      expect(numPassedTests).toBeGreaterThan(0);
    },
  );
});
