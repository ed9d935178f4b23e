import { question } from '../../../scripts/bench/harness.mjs';
import { genericPool, type Loan, mainstay, mainstayPg, pgPool, tarn } from './contestants.js';

const CALLERS = 10_000;

const allAtOnce =
  (loan: Loan) =>
  async (operations: number): Promise<void> => {
    for (let burst = 0; burst < operations / CALLERS; burst++) {
      await Promise.all(Array.from({ length: CALLERS }, loan));
    }
  };

// The collection before each round makes V8 throw code away. A single burst after it is one out of the blue, most of it spent in
// code that is not optimised yet; of ten in a row most find it warm.
for (const [title, bursts] of [
  ['10,000 callers at once on 10 resources, out of the blue: time a hand-over', 1],
  ['10,000 callers at once on 10 resources, ten times in a row: time a hand-over', 10],
] as const) {
  await question({
    title,
    peer: 'pg-pool',
    target: 'mainstay <= 0.25 of pg-pool',
    note: 'Mainstay and tarn with their default deadlines; pg-pool and generic-pool without one, their default, and with 30 s.',
    iterations: bursts * CALLERS,
    rounds: 15,
    contestants: {
      'mainstay Pool': allAtOnce(mainstay(10)),
      'mainstay PgPool': allAtOnce(mainstayPg(10)),
      'pg-pool': allAtOnce(pgPool(10)),
      'pg-pool, 30 s': allAtOnce(pgPool(10, 30_000)),
      'generic-pool': allAtOnce(genericPool(10)),
      'generic-pool, 30 s': allAtOnce(genericPool(10, 30_000)),
      tarn: allAtOnce(tarn(10)),
    },
  });
}
process.exit(0);
