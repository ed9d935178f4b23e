// Accounts in Postgres, and a transfer that happens as a whole or not at all.
import { PgPool, sqlStateOf } from '@mainstay/pool/pg';
import express from 'express';

const connectionString = process.env.DATABASE_URL;
if (!connectionString) {
  console.error('Say where your Postgres is: DATABASE_URL=postgres://user:password@host:5432/name npm start');
  process.exit(1);
}

const database = new PgPool({ name: 'bank', connectionString, max: 10, queryTimeoutMs: 5_000 });

await database.query(
  'CREATE TABLE IF NOT EXISTS account (name text PRIMARY KEY, balance int NOT NULL CHECK (balance >= 0))',
);
await database.query("INSERT INTO account VALUES ('ada', 100), ('ben', 100) ON CONFLICT DO NOTHING");

/** @param {string} from @param {string} to @param {number} amount */
const transfer = (from, to, amount) =>
  // What throws in here, or is refused by Postgres, undoes the whole.
  database.transaction(async (client) => {
    // Both accounts are locked in the same order by everybody, so that two transfers never wait for each other.
    const lock = 'SELECT FROM account WHERE name IN ($1, $2) ORDER BY name FOR UPDATE';
    const { rowCount } = await client.query(lock, [from, to]);
    if (rowCount !== 2) throw new RangeError('There are no two such accounts');
    await client.query('UPDATE account SET balance = balance + $2 WHERE name = $1', [to, amount]);
    await client.query('UPDATE account SET balance = balance - $2 WHERE name = $1', [from, amount]);
  });

const app = express().use(express.json());

app.get('/accounts', async (_request, response) => {
  const { rows } = await database.query('SELECT name, balance FROM account ORDER BY name');
  response.json(rows);
});

app.post('/transfers', async (request, response) => {
  const { from, to, amount } = request.body ?? {};
  const refuse = (/** @type {string} */ message) => response.status(409).json({ message });
  if (!(Number.isInteger(amount) && amount > 0 && amount <= 1_000_000))
    return refuse('Between 1 and 1,000,000');
  try {
    await transfer(from, to, amount);
    response.sendStatus(204);
  } catch (error) {
    const checkViolation = '23514';
    if (sqlStateOf(error) === checkViolation) refuse(`${from} has not got ${amount}`);
    else if (error instanceof RangeError) refuse(error.message);
    else throw error;
  }
});

app.get('/stats', (_request, response) => {
  response.json(database.stats());
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`bank at http://127.0.0.1:${port}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => server.close(() => database.end()));
}
