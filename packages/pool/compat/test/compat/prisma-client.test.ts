import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { expect, onTestFinished } from 'vitest';
import { pgPool, postgresTest } from './support/postgres.js';

const require = createRequire(import.meta.url);

const datamodel = `datasource db {
  provider = "postgresql"
}
model Note {
  id   Int    @id @default(autoincrement())
  body String @unique
}`;

/** What of a generated client is used here. */
interface Client {
  note: {
    create(query: { data: { body: string } }): Promise<{ id: number; body: string }>;
    findMany(query: object): Promise<{ body: string }[]>;
    count(): Promise<number>;
  };
  $transaction<T>(work: (client: Client) => Promise<T>): Promise<T>;
  $disconnect(): Promise<void>;
}

/**
 * What `prisma generate` does, without its command, which downloads a program before it begins. Since Prisma 7 the client needs
 * none: its query compiler is WebAssembly.
 */
async function generatedClient(): Promise<new (options: { adapter: PrismaPg }) => Client> {
  const folder = fileURLToPath(new URL('../../reports/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const outputDir = mkdtempSync(path.join(folder, 'prisma-'));
  onTestFinished(() => rmSync(outputDir, { recursive: true, force: true }));
  const { generateClient } = require('@prisma/client-generator-ts');
  const { getDMMF } = require('@prisma/internals');
  await generateClient({
    datamodel,
    dmmf: await getDMMF({ datamodel }),
    schemaPath: 'schema.prisma',
    runtimeBase: '@prisma/client/runtime',
    outputDir,
    generator: {
      name: 'client',
      provider: { value: 'prisma-client', fromEnvVar: null },
      output: { value: outputDir, fromEnvVar: null },
      config: {},
      binaryTargets: [],
      previewFeatures: [],
      sourceFilePath: 'schema.prisma',
    },
    datasources: [],
    binaryPaths: {},
    engineVersion: 'none',
    clientVersion: require('@prisma/client/package.json').version,
    activeProvider: 'postgresql',
    typedSql: [],
    target: 'nodejs',
    generatedFileExtension: 'ts',
    importFileExtension: 'ts',
    moduleFormat: 'esm',
    tsNoCheckPreamble: true,
    compilerBuild: 'small',
  });
  return (await import(pathToFileURL(path.join(outputDir, 'client.ts')).href)).PrismaClient;
}

postgresTest('Prisma Client 7: `new PrismaPg(pool)`; rows, unique violations, transactions', async () => {
  const pool = pgPool({ max: 2 });
  await pool.query('CREATE TABLE "Note" (id serial PRIMARY KEY, body text UNIQUE NOT NULL)');
  const PrismaClient = await generatedClient();
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  expect(await prisma.note.create({ data: { body: 'first' } })).toEqual({ id: 1, body: 'first' });
  await expect(prisma.note.create({ data: { body: 'first' } })).rejects.toMatchObject({ code: 'P2002' });
  const undone = prisma.$transaction(async (client) => {
    await client.note.create({ data: { body: 'second' } });
    expect(await client.note.count()).toBe(2);
    throw new Error('undo');
  });
  await expect(undone).rejects.toThrow('undo');
  expect(await prisma.note.findMany({ orderBy: { id: 'asc' } })).toMatchObject([{ body: 'first' }]);
  await Promise.all(Array.from({ length: 20 }, () => prisma.note.count()));
  await expect.poll(() => pool.stats()).toMatchObject({ inUse: 0, destroyed: 0 });
  expect(pool.stats().created).toBeLessThanOrEqual(2);
  await prisma.$disconnect();
  expect(pool.ending).toBe(false);
});
