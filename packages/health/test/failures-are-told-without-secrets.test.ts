import { expect, test } from 'vitest';
import { HealthChecks } from '../src/index.js';

async function told(thrown: unknown): Promise<string | undefined> {
  const health = new HealthChecks({ checks: [{ name: 'a', run: () => Promise.reject(thrown) }] });
  return (await health.report()).checks.a?.message;
}

test('a check that throws, or rejects with anything at all, is down, and the others are told (nest rethrows for all)', async () => {
  const health = new HealthChecks({
    checks: [
      {
        name: 'throws',
        run: () => {
          throw new Error('no route');
        },
      },
      { name: 'rejects', run: () => Promise.reject(undefined) },
      { name: 'works', run: () => {} },
    ],
  });
  const { status, checks } = await health.report();
  expect(status).toBe('down');
  expect(checks.throws).toMatchObject({ status: 'down', message: 'no route' });
  expect(checks.rejects).toMatchObject({ status: 'down', message: 'failed without a message' });
  expect(checks.works?.status).toBe('up');
});

test.each([
  ['connect postgres://admin:hunter2@db:5432/app failed', 'connect postgres://***@db:5432/app failed'],
  ['redis://:p@ss@w0rd@cache:6379 refused', 'redis://***@cache:6379 refused'],
  ['dsn host=db password=hunter2 user=me', 'dsn host=db password=*** user=me'],
  ['{"password":"hun ter2","user":"me"}', '{"password":***,"user":"me"}'],
  ['Authorization: Bearer abc.def.ghi', 'Authorization: Bearer ***'],
  ['GET https://api/v1?api_key=12345&page=2', 'GET https://api/v1?api_key=***&page=2'],
  ["client_secret: 'top secret'", 'client_secret: ***'],
  ['connect ECONNREFUSED 127.0.0.1:5432', 'connect ECONNREFUSED 127.0.0.1:5432'],
])('%s', async (message, expected) => {
  expect(await told(new Error(message))).toBe(expected);
});

test('a message is one line of at most 200 characters, without the stack', async () => {
  expect(await told(new Error('first line\n    at secret (/srv/app/index.js:1:1)'))).toBe('first line');
  expect(await told(new Error('x'.repeat(10_000)))).toHaveLength(200);
  expect(await told('a thrown text')).toBe('a thrown text');
});

test('an error without words of its own tells those of its cause, or of the errors within', async () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:5432'), { code: 'ECONNREFUSED' });
  expect(await told(new TypeError('fetch failed', { cause: refused }))).toBe(
    'fetch failed: connect ECONNREFUSED ::1:5432',
  );
  expect(await told(new AggregateError([refused]))).toBe('connect ECONNREFUSED ::1:5432');
  expect(await told(Object.assign(new Error(''), { code: 'ETIMEDOUT' }))).toBe('ETIMEDOUT');
});

test('an error that throws when it is read is down like any other', async () => {
  const hostile = {
    get message(): string {
      throw new Error('gotcha');
    },
  };
  expect(await told(hostile)).toBe('failed with an unreadable error');
});

test('details are bounded, masked and can always be serialised', async () => {
  const circle: Record<string, unknown> = { name: 'circle' };
  circle.self = circle;
  const health = new HealthChecks({
    checks: [
      {
        name: 'a',
        run: () => ({
          url: 'postgres://u:p@db/app',
          password: 'hunter2',
          tokensUsed: 5,
          big: 10n,
          nan: Number.NaN,
          when: new Date(0),
          list: [1, 'two', () => {}],
          callback: () => {},
          circle,
          ...Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key${index}`, index])),
        }),
      },
    ],
  });
  const { details } = (await health.report()).checks.a ?? {};
  expect(details).toMatchObject({
    url: 'postgres://***@db/app',
    password: '***',
    tokensUsed: 5,
    big: '10',
    nan: null,
    when: '1970-01-01T00:00:00.000Z',
    list: [1, 'two', null],
  });
  expect(Object.keys(details ?? {}).length).toBeLessThanOrEqual(50);
  expect(() => JSON.stringify(details)).not.toThrow();
});

test('only plain objects are details: the rows of a query are not shown', async () => {
  class Result {
    rows = [{ secret: 1 }];
  }
  const health = new HealthChecks({
    checks: [{ name: 'a', run: () => new Result() as unknown as Record<string, unknown> }],
  });
  expect((await health.report()).checks.a).not.toHaveProperty('details');
});

test('a result that throws when it is read is down', async () => {
  const health = new HealthChecks({
    checks: [
      {
        name: 'a',
        run: () => ({
          get size(): number {
            throw new Error('no size');
          },
        }),
      },
    ],
  });
  expect((await health.report()).checks.a).toMatchObject({
    status: 'down',
    message: 'its result could not be read: no size',
  });
});
