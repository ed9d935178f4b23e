import { question } from '../../../scripts/bench/harness.mjs';
import { arrayStack, genericPool, type Loan, mainstay, mainstayPg, pgPool, tarn } from './contestants.js';

const oneAfterTheOther =
  (loan: Loan) =>
  async (operations: number): Promise<void> => {
    for (let index = 0; index < operations; index++) await loan();
  };

await question({
  title: 'acquire + release, nobody waits',
  floor: 'array stack + await',
  peer: 'pg-pool',
  target:
    'Pool <= 1.25 of the floor, <= 0.22 of pg-pool and generic-pool; PgPool <= 1.6 of the floor, <= 0.29 of pg-pool',
  note: 'Default options, with deadline, leak sampling and deadlock detection; generic-pool and pg-pool have no deadline by default, Mainstay has.',
  // The collection before each round makes V8 compile anew: with 50,000 that is a third of what is measured.
  iterations: 300_000,
  rounds: 15,
  contestants: {
    'array stack + await': oneAfterTheOther(arrayStack(10)),
    'mainstay Pool': oneAfterTheOther(mainstay(10)),
    'mainstay PgPool': oneAfterTheOther(mainstayPg(10)),
    'pg-pool': oneAfterTheOther(pgPool(10)),
    'generic-pool': oneAfterTheOther(genericPool(10)),
    tarn: oneAfterTheOther(tarn(10)),
  },
});
process.exit(0);
