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

await question({
  title: '10,000 callers at once on 10 resources: time a hand-over',
  peer: 'pg-pool',
  target: 'mainstay <= 0.25 of pg-pool',
  note: 'Mainstay and tarn with their default deadlines; pg-pool and generic-pool without one, their default, and with 30 s.',
  // Ten bursts a round: the collection before each round makes V8 throw code away, and with one burst its making anew was
  // most of what was measured, and as different from run to run as the machine's other work.
  iterations: 10 * CALLERS,
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
process.exit(0);
