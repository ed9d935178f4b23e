import { asc, eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, serial, text } from 'drizzle-orm/pg-core';
import { expect } from 'vitest';
import { pgPool, postgresTest } from './support/postgres.js';

const books = pgTable('books', { id: serial('id').primaryKey(), title: text('title').notNull() });

postgresTest('Drizzle: statements, prepared statements, transactions with savepoints', async () => {
  const pool = pgPool({ max: 2 });
  const db = drizzle(pool);
  await db.execute('CREATE TABLE books (id serial PRIMARY KEY, title text NOT NULL)');
  await db.insert(books).values([{ title: 'Emma' }, { title: 'Persuasion' }]);
  const byTitle = db.select().from(books).where(eq(books.title, 'Emma')).prepare('by_title');
  for (let round = 0; round < 3; round++) expect(await byTitle.execute()).toEqual([{ id: 1, title: 'Emma' }]);
  await db.transaction(async (outer) => {
    await outer.insert(books).values({ title: 'Sanditon' });
    const inner = outer.transaction(async (savepoint) => {
      await savepoint.delete(books);
      savepoint.rollback();
    });
    await expect(inner).rejects.toThrow();
  });
  const titles = await db.select({ title: books.title }).from(books).orderBy(asc(books.id));
  expect(titles.map(({ title }) => title)).toEqual(['Emma', 'Persuasion', 'Sanditon']);
  await expect(db.execute('SELECT nonsense')).rejects.toThrow();
  await expect.poll(() => pool.stats()).toMatchObject({ inUse: 0, destroyed: 0 });
});
