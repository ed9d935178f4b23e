import 'reflect-metadata';
import { PgPool } from '@mainstay/pool/pg';
import pg from 'pg';
import { DataSource, EntitySchema } from 'typeorm';
import { expect } from 'vitest';
import { databaseUrl, postgresTest } from './support/postgres.js';

const Planet = new EntitySchema<{ id: number; name: string }>({
  name: 'planet',
  columns: { id: { type: 'int', primary: true, generated: true }, name: { type: 'text' } },
});

postgresTest('TypeORM: through its option `driver`', async () => {
  const pools: PgPool[] = [];
  class Pool extends PgPool {
    constructor(...all: ConstructorParameters<typeof PgPool>) {
      super(...all);
      pools.push(this);
    }
  }
  const source = new DataSource({
    type: 'postgres',
    url: databaseUrl(),
    driver: { ...pg, Pool },
    entities: [Planet],
    synchronize: true,
    poolSize: 3,
  });
  await source.initialize();
  const [pool] = pools;
  expect(pool?.options.max).toBe(3);
  const planets = source.getRepository(Planet);
  await planets.save([{ name: 'Venus' }, { name: 'Mars' }]);
  const undone = source.transaction(async (manager) => {
    await manager.getRepository(Planet).clear();
    throw new Error('changed my mind');
  });
  await expect(undone).rejects.toThrow('changed my mind');
  expect((await planets.find({ order: { id: 'ASC' } })).map(({ name }) => name)).toEqual(['Venus', 'Mars']);
  await expect(source.query('SELECT nonsense')).rejects.toThrow('nonsense');
  await expect.poll(() => pool?.stats()).toMatchObject({ inUse: 0 });
  await source.destroy();
  expect(pool?.ended).toBe(true);
});
