import { PrismaPg } from '@prisma/adapter-pg';
import { expect } from 'vitest';
import { pgPool, postgresTest } from './support/postgres.js';

const statement = (sql: string, args: unknown[] = []) => ({
  sql,
  args,
  argTypes: args.map(() => ({ scalarType: 'string' as const, arity: 'scalar' as const })),
});

// The adapter is driven as Prisma Client drives it, from its outside; a generated client: prisma-client.test.ts.
postgresTest('@prisma/adapter-pg: takes the pool for a pg.Pool; queries, transactions, errors', async () => {
  const pool = pgPool({ max: 2 });
  const adapter = await new PrismaPg(pool).connect();
  await adapter.executeScript('CREATE TABLE notes (body text)');
  expect(await adapter.executeRaw(statement('INSERT INTO notes VALUES ($1)', ['first']))).toBe(1);
  const transaction = await adapter.startTransaction('SERIALIZABLE');
  await transaction.executeRaw(statement('DELETE FROM notes'));
  expect(pool.stats().inUse).toBe(1);
  await transaction.rollback();
  expect(await adapter.queryRaw(statement('SELECT body FROM notes'))).toMatchObject({
    columnNames: ['body'],
    rows: [['first']],
  });
  await expect(adapter.queryRaw(statement('SELECT nonsense'))).rejects.toThrow();
  await expect.poll(() => pool.stats()).toMatchObject({ inUse: 0, destroyed: 0 });
  await adapter.dispose();
  expect(pool.ending).toBe(false);
});
