import { describe, expect, test } from 'vitest';
import { readConfig } from '../src/config/config.js';
import { ConfigError } from '../src/config/config-problem.js';

const DATABASE_URL = 'postgres://ada:hush-hush@127.0.0.1:5432/gateway';
const strongSecret = 'Zk3!mQ8#vL1@xR6$wT9%yU2^pB5&nC7*';

function errorOf(env: NodeJS.ProcessEnv): ConfigError {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('The configuration was accepted');
}
const variables = (env: NodeJS.ProcessEnv) => errorOf(env).problems.map(({ variable }) => variable);

describe('the configuration', () => {
  test('needs nothing but DATABASE_URL', () => {
    const config = readConfig({ DATABASE_URL });
    expect(config).toMatchObject({ host: '127.0.0.1', port: 3000, production: false, redisUrl: undefined });
    expect(config.models.map(({ name }) => name)).toEqual(['sage', 'scout']);
    expect(config.jwtSecretIsMadeUp).toBe(true);
    expect(config.jwtSecret).not.toBe(readConfig({ DATABASE_URL }).jwtSecret);
    expect(errorOf({}).message).toBe(
      [
        'The configuration has 1 problem:',
        '  DATABASE_URL: received nothing',
        '    must be a PostgreSQL URL, such as postgres://user:password@127.0.0.1:5432/gateway',
      ].join('\n'),
    );
  });

  test('tells all problems at once, each with what was received and what is allowed', () => {
    const { message, problems } = errorOf({
      PORT: '70000',
      LOG_LEVEL: 'loud',
      DATABASE_POOL_MAX: '1e3',
      NODE_ENV: 'prod',
    });
    expect(problems.map(({ variable, received }) => [variable, received])).toEqual([
      ['NODE_ENV', '"prod"'],
      ['PORT', '"70000"'],
      ['LOG_LEVEL', '"loud"'],
      ['DATABASE_URL', 'nothing'],
      ['DATABASE_POOL_MAX', '"1e3"'],
    ]);
    expect(message).toContain('The configuration has 5 problems');
    expect(message).toContain('must be a port from 0 (any free one) to 65535 (default 3000)');
  });

  test('tells what is wrong between variables even where another one is wrong by itself', () => {
    expect(variables({ NODE_ENV: 'production', DATABASE_URL, PORT: 'abc' })).toEqual([
      'PORT',
      'JWT_SECRET',
      'MODELS',
    ]);
    expect(variables({ DATABASE_URL, PORT: 'abc', DRAIN_TIMEOUT_MS: '5' })).toEqual([
      'PORT',
      'DRAIN_TIMEOUT_MS',
    ]);
    // Told once: a secret that is too short anywhere is not told again for production.
    const MODELS = '[{"name":"sage","baseUrl":"https://a.example/v1"}]';
    expect(variables({ NODE_ENV: 'production', DATABASE_URL, JWT_SECRET: 'short', MODELS })).toEqual([
      'JWT_SECRET',
    ]);
    expect(variables({ DATABASE_URL, MODELS: '{', DRAIN_TIMEOUT_MS: '5' })).toEqual(['MODELS']);
  });

  test('refuses a place that is none', () => {
    for (const url of [
      'postgres://',
      'postgres://db',
      'postgres://db/',
      'postgres:///gateway',
      'postgres:db',
    ]) {
      expect([url, variables({ DATABASE_URL: url })]).toEqual([url, ['DATABASE_URL']]);
    }
    readConfig({ DATABASE_URL: 'postgres:///gateway?host=/run/postgresql' });
    for (const REDIS_URL of ['redis://h:6379/abc', 'redis://h/1/2', 'redis://', 'redis:h']) {
      expect([REDIS_URL, variables({ DATABASE_URL, REDIS_URL })]).toEqual([REDIS_URL, ['REDIS_URL']]);
    }
    for (const REDIS_URL of ['redis://h', 'rediss://h:6379/', 'redis://:hush@h/15']) {
      expect(readConfig({ DATABASE_URL, REDIS_URL }).redisUrl).toBe(REDIS_URL);
    }
    for (const HOST of ['not a host!!', 'http://a', 'a:80', 'a..b', '-a']) {
      expect([HOST, variables({ DATABASE_URL, HOST })]).toEqual([HOST, ['HOST']]);
    }
    for (const HOST of ['0.0.0.0', '::', '::1', 'localhost', 'gateway-1.internal']) {
      expect(readConfig({ DATABASE_URL, HOST }).host).toBe(HOST);
    }
  });

  test('refuses a model that could never be asked', () => {
    const problemOf = (more: object) => {
      const MODELS = JSON.stringify([{ name: 'sage', baseUrl: 'https://a.example/v1', ...more }]);
      return errorOf({ DATABASE_URL, MODELS }).message;
    };
    for (const baseUrl of [
      'https://a.example/v1?key=hush',
      'https://a.example/v1#hush',
      'https://a.example?',
    ]) {
      expect(problemOf({ baseUrl })).toContain(
        'MODELS[0].baseUrl: received a hidden value\n    must not hold a query string or a fragment',
      );
    }
    for (const apiKey of ['hush\n', 'hu\0sh', 'hu sh', 'hüsh', '']) {
      expect(problemOf({ apiKey })).toContain(
        'MODELS[0].apiKey: received a hidden value\n    must be visible',
      );
    }
  });

  test('takes an empty variable for one that is not set', () => {
    expect(readConfig({ DATABASE_URL, PORT: '', REDIS_URL: ' ' })).toMatchObject({
      port: 3000,
      redisUrl: undefined,
    });
  });

  test('never shows a secret', () => {
    const apiKey = 'sk-do-not-show-me';
    const { message } = errorOf({
      DATABASE_URL: 'mysql://ada:hush-hush@db/gateway',
      REDIS_URL: 'http://:hush-hush@redis',
      JWT_SECRET: 'hush-hush',
      MODELS: `[{"name":"sage","baseUrl":"https://a.example/v1","apiKey":"${apiKey}","timeoutMs":-5}`,
    });
    expect(message).not.toMatch(/hush|sk-do/);
    for (const MODELS of [
      `[{"name":"sage","baseUrl":"https://a.example/v1","apiKey":["${apiKey}"]}]`,
      `[{"name":"sage","baseUrl":"https://a.example/v1","apikey":"${apiKey}"}]`,
      `[{"name":"sage","baseUrl":{"url":"${apiKey}"}}]`,
      `[{"name":"sage","baseUrl":"https://ada:${apiKey}@a.example/v1"}]`,
      `"${apiKey}"`,
      `{"apiKey":"${apiKey}"}`,
    ]) {
      expect([MODELS, errorOf({ DATABASE_URL, MODELS }).message.includes(apiKey)]).toEqual([MODELS, false]);
    }
  });

  test('names the place of a problem within MODELS', () => {
    const MODELS = JSON.stringify([
      { name: 'sage', baseUrl: 'https://a.example/v1', timeoutMs: -5 },
      { name: 'sage', baseUrl: 'ftp://b.example' },
    ]);
    const { message } = errorOf({ DATABASE_URL, MODELS });
    expect(message).toContain(
      '  MODELS[0].timeoutMs: received -5\n    must be a whole number of milliseconds from 1 to 600000\n',
    );
    expect(message).toContain('MODELS[1].baseUrl: received "ftp://b.example"');
    const twice = JSON.stringify([1, 2].map(() => ({ name: 'sage', baseUrl: 'https://a.example/v1' })));
    expect(errorOf({ DATABASE_URL, MODELS: twice }).message).toContain(
      'MODELS[1].name: received "sage"\n    is taken by an earlier model',
    );
    expect(errorOf({ DATABASE_URL, MODELS: '[]' }).message).toContain(
      'MODELS: received 2 characters (hidden)',
    );
  });

  test('asks more of production', () => {
    const production = { NODE_ENV: 'production', DATABASE_URL };
    const MODELS = '[{"name":"sage","baseUrl":"https://a.example/v1"}]';
    expect(variables(production)).toEqual(['JWT_SECRET', 'MODELS']);
    expect(variables({ ...production, MODELS, JWT_SECRET: 'only-20-characters..' })).toEqual(['JWT_SECRET']);
    for (const placeholder of [
      'change-me-change-me-change-me-change-me',
      'x'.repeat(40),
      'your-secret-here-your-secret-here',
    ]) {
      const { message } = errorOf({ ...production, MODELS, JWT_SECRET: placeholder });
      expect(message).toContain('received a placeholder (hidden)');
    }
    expect(readConfig({ ...production, MODELS, JWT_SECRET: strongSecret }).production).toBe(true);
  });

  test('sends no key of a provider over plain http to another machine', () => {
    const model = (baseUrl: string) => JSON.stringify([{ name: 'sage', baseUrl, apiKey: 'sk-1' }]);
    expect(variables({ DATABASE_URL, MODELS: model('http://a.example/v1') })).toEqual(['MODELS']);
    for (const baseUrl of [
      'https://a.example/v1',
      'http://127.0.0.1:8080/v1',
      'http://localhost/v1',
      'http://[::1]/v1',
    ]) {
      expect(readConfig({ DATABASE_URL, MODELS: model(baseUrl) }).models[0]?.baseUrl).toBe(baseUrl);
    }
  });

  test('does not let a shutdown cut off answers that are in time', () => {
    expect(variables({ DATABASE_URL, DRAIN_TIMEOUT_MS: '5000' })).toEqual(['DRAIN_TIMEOUT_MS']);
  });
});
