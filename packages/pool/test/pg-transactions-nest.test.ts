import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect } from 'vitest';
import { pgPool, postgresTest } from './support/postgres.js';

async function numbers(pool: pg.Pool): Promise<number[]> {
  return (await pool.query('SELECT id FROM nested ORDER BY id')).rows.map(({ id }) => id);
}

const insert = (client: pg.PoolClient, id: number) => client.query('INSERT INTO nested VALUES ($1)', [id]);

async function nestedPool() {
  const pool = pgPool({ max: 2 });
  await pool.query('DROP TABLE IF EXISTS nested');
  await pool.query('CREATE TABLE nested (id int PRIMARY KEY)');
  return pool;
}

postgresTest('a transaction inside is a savepoint: its rollback leaves the outer one alone', async () => {
  const pool = await nestedPool();
  await pool.transaction(async (client) => {
    await insert(client, 1);
    const failing = pool.transaction(async (inner) => {
      expect(inner).toBe(client);
      await insert(inner, 2);
      await pool.transaction((innermost) => insert(innermost, 3));
      await insert(inner, 1);
    });
    await expect(failing).rejects.toMatchObject({ code: '23505' });
    await pool.transaction((inner) => insert(inner, 4));
    expect(await numbers(pool)).toEqual([]);
  });
  expect(await numbers(pool)).toEqual([1, 4]);
  const undone = pool.transaction(async () => {
    await pool.transaction((inner) => insert(inner, 5));
    throw new Error('all of it');
  });
  await expect(undone).rejects.toThrow('all of it');
  expect(await numbers(pool)).toEqual([1, 4]);
  expect(pool.stats()).toMatchObject({ destroyed: 0, inUse: 0 });
});

postgresTest('those begun side by side run one after the other', async () => {
  const pool = await nestedPool();
  await pool.transaction(async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, (_, index) =>
        pool.transaction(async (inner) => {
          await insert(inner, index);
          await sleep(2);
          if (index % 2 === 1) throw new Error('odd');
        }),
      ),
    );
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });
  expect(await numbers(pool)).toEqual([0, 2, 4]);
});

postgresTest('a failed statement that an inner function swallows does not pass for done', async () => {
  const pool = await nestedPool();
  await pool.transaction(async (client) => {
    await insert(client, 1);
    const swallowing = pool.transaction(async (inner) => {
      await inner.query('SELECT 1/0').catch(() => {});
    });
    await expect(swallowing).rejects.toMatchObject({ code: 'ERR_TRANSACTION_ROLLED_BACK' });
  });
  expect(await numbers(pool)).toEqual([1]);
});

postgresTest(
  'a serialization failure inside runs the outermost again, and the inner one not by itself',
  async () => {
    const pool = await nestedPool();
    const runs = { outer: 0, inner: 0 };
    await pool.transaction(
      async () => {
        runs.outer += 1;
        await pool.transaction(
          async (inner) => {
            runs.inner += 1;
            await insert(inner, runs.inner);
            if (runs.outer < 3) throw Object.assign(new Error('again'), { code: '40001', severity: 'ERROR' });
          },
          { retries: 50 },
        );
      },
      { retries: 2 },
    );
    expect(runs).toEqual({ outer: 3, inner: 3 });
    expect(await numbers(pool)).toEqual([3]);
  },
);

postgresTest('a signal of the inner one ends the inner one', async () => {
  const pool = await nestedPool();
  await pool.transaction(async (client) => {
    await insert(client, 1);
    const signal = AbortSignal.timeout(30);
    const inner = pool.transaction((nested) => nested.query('SELECT pg_sleep(20)'), { signal });
    await expect(inner).rejects.toMatchObject({ name: 'TimeoutError' });
    await insert(client, 2);
  });
  expect(await numbers(pool)).toEqual([1, 2]);
  expect(pool.stats().destroyed).toBe(0);
});

postgresTest('an inner one cannot ask for more than the outer one has', async () => {
  const pool = await nestedPool();
  await pool.transaction(
    async () => {
      await expect(pool.transaction(async () => 1, { isolation: 'repeatable read' })).resolves.toBe(1);
      await expect(pool.transaction(async () => 1, { isolation: 'serializable' })).rejects.toThrow(
        /isolation.*at most "repeatable read"/,
      );
      await expect(pool.transaction(async () => 1, { readOnly: true })).rejects.toThrow(TypeError);
    },
    { isolation: 'repeatable read' },
  );
});

postgresTest('work that goes on after the end, and other pools, have transactions of their own', async () => {
  const pool = await nestedPool();
  const other = pgPool({ max: 1 });
  let late: Promise<unknown> | undefined;
  await pool.transaction(async (client) => {
    await other.transaction(async (theirs) => expect(theirs).not.toBe(client));
    late = sleep(30).then(() => pool.transaction((own) => insert(own, 9)));
  });
  await late;
  expect(await numbers(pool)).toEqual([9]);
});

const table = 'CREATE TABLE outliving (id int PRIMARY KEY)';
const write = (client: { query(text: string): Promise<unknown> }, id: number) =>
  client.query(`INSERT INTO outliving VALUES (${id})`);

postgresTest(
  'the outer one ends when those inside have ended, and nobody else has their connection before',
  async () => {
    const pool = pgPool({ max: 1 });
    await pool.query(table);
    const order: string[] = [];
    const failing = pool.transaction(async () => {
      await Promise.all([
        Promise.resolve().then(() => {
          throw new Error('first fails');
        }),
        pool.transaction(async (client) => {
          await write(client, 1);
          await client.query('SELECT pg_sleep(0.1)');
          await write(client, 2);
          order.push('inner');
        }),
      ]);
    });
    const next = pool.transaction(async (client) => {
      order.push('next');
      await write(client, 3);
    });
    await expect(failing).rejects.toThrow('first fails');
    await next;
    expect(order).toEqual(['inner', 'next']);
    expect((await pool.query('SELECT id FROM outliving')).rows).toEqual([{ id: 3 }]);
  },
);

postgresTest('one that waits for its turn inside is rejected when the outer one has failed', async () => {
  const pool = pgPool({ max: 1 });
  await pool.query('CREATE TABLE siblings (id int)');
  let second: Promise<unknown> | undefined;
  const outer = pool.transaction(async () => {
    const first = pool.transaction(async (client) => {
      await client.query('SELECT pg_sleep(0.05)');
      throw new Error('a');
    });
    second = pool.transaction((client) => client.query('INSERT INTO siblings VALUES (1)'));
    second.catch(() => {});
    void first.catch(() => {});
    throw new Error('outer');
  });
  await expect(outer).rejects.toThrow('outer');
  await expect(second).rejects.toMatchObject({ code: 'ERR_TRANSACTION_ENDED' });
  expect((await pool.query('SELECT * FROM siblings')).rows).toEqual([]);
});

postgresTest('one inside that nobody awaits is waited for', async () => {
  const pool = pgPool({ max: 1 });
  await pool.query('CREATE TABLE forgotten_inner (id int)');
  await pool.transaction(async () => {
    void pool.transaction(async (client) => {
      await client.query('SELECT pg_sleep(0.05)');
      await client.query('INSERT INTO forgotten_inner VALUES (1)');
    });
  });
  expect((await pool.query('SELECT id FROM forgotten_inner')).rows).toEqual([{ id: 1 }]);
});

postgresTest('a function that ends its transaction by a statement of its own is told', async () => {
  const pool = pgPool({ max: 1 });
  for (const statement of ['ROLLBACK', 'COMMIT']) {
    await expect(pool.transaction((client) => client.query(statement))).rejects.toMatchObject({
      code: 'ERR_TRANSACTION_ENDED',
    });
  }
  expect(pool.stats()).toMatchObject({ inUse: 0, destroyed: 0 });
});

postgresTest('a client that is kept beyond its transaction cannot work in the next holder’s', async () => {
  const pool = pgPool({ max: 1 });
  await pool.query('CREATE TABLE kept_client (id int)');
  const clients: pg.PoolClient[] = [];
  await pool.transaction(async (client) => {
    clients.push(client);
    expect(client).toBeInstanceOf(pg.Client);
    await client.query('INSERT INTO kept_client VALUES (1)');
    await pool.transaction((inner) => inner.query('INSERT INTO kept_client VALUES (2)'));
  });
  await pool
    .transaction(async (client) => {
      clients.push(client);
      throw new Error('undo');
    })
    .catch(() => {});
  await pool.transaction(async (next) => {
    for (const client of clients) {
      const ended = { code: 'ERR_TRANSACTION_ENDED' };
      await expect(client.query('DELETE FROM kept_client')).rejects.toMatchObject(ended);
      const told = new Promise((resolve) =>
        client.query('DELETE FROM kept_client', (error) => resolve(error)),
      );
      expect(await told).toMatchObject(ended);
    }
    await next.query('INSERT INTO kept_client VALUES (3)');
  });
  expect((await pool.query('SELECT id FROM kept_client ORDER BY id')).rows).toEqual([
    { id: 1 },
    { id: 2 },
    { id: 3 },
  ]);
});
