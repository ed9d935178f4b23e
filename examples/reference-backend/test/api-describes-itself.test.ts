import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type System, startSystem } from './support/backend.js';
import { type AnyBody, call } from './support/client.js';
import { testWith } from './support/parts.js';

const test = await testWith('postgres');

describe('the API', () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system?.close());

  test('is described by a valid OpenAPI 3.1 document that names every endpoint and its errors', async () => {
    const { body } = await call(`${system.url}/docs/json`);
    const { valid, errors } = await new Validator().validate(structuredClone(body));
    expect([valid, errors]).toEqual([true, undefined]);
    expect(body.openapi).toMatch(/^3\.1\./);
    expect(Object.keys(body.paths).sort()).toEqual([
      '/api/analytics/latency',
      '/api/analytics/usage-by-day',
      '/api/analytics/usage-by-model',
      '/api/auth/token',
      '/api/chat',
      '/api/conversations',
      '/api/conversations/{id}',
      '/api/models',
      '/api/models/{name}',
    ]);
    expect(Object.keys(body.paths['/api/chat'].post.responses)).toEqual([
      '200',
      '400',
      '401',
      '404',
      '413',
      '415',
      '422',
      '500',
      '503',
    ]);
    expect(body.paths['/api/chat'].post.security).toEqual([{ token: [] }]);
    expect(body.paths['/api/auth/token'].post.security).toBeUndefined();
  });

  test('documents what it serves: media types, headers, a name and a description for everything', async () => {
    const { body } = await call(`${system.url}/docs/json`);
    const operations = Object.values<Record<string, AnyBody>>(body.paths).flatMap(Object.values);
    const ids = operations.map(({ operationId }) => operationId);
    expect(ids.every((id) => typeof id === 'string') && new Set(ids).size).toBe(9);
    for (const { operationId, responses } of operations) {
      expect([operationId, '500' in responses]).toEqual([operationId, true]);
      for (const [status, response] of Object.entries<AnyBody>(responses)) {
        expect([operationId, status, Object.keys(response.content)]).toEqual([
          operationId,
          status,
          [status === '200' ? 'application/json' : 'application/problem+json'],
        ]);
        expect(response.description).not.toMatch(/Default Response|RFC/);
        expect([status, 'retry-after' in (response.headers ?? {})]).toEqual([status, status === '503']);
      }
      const cached = /conversation|usage|latency/i.test(operationId);
      expect([operationId, 'x-cache' in (responses[200].headers ?? {})]).toEqual([operationId, cached]);
    }
    expect(JSON.stringify(body)).not.toMatch(/"headers":\{"(x-cache|retry-after)":\{"type"/);
  });

  test('can be tried at /docs, whose policy lets its own scripts run and nothing else', async () => {
    const { status, headers, text } = await call(`${system.url}/docs/`);
    expect([status, text.includes('swagger-ui')]).toEqual([200, true]);
    expect(text).toContain('<title>Mainstay reference backend</title>');
    const policy = (headers.get('content-security-policy') ?? '').split(';').map((part) => part.trim());
    expect(policy).toContain("default-src 'self'");
    // Swagger UI writes styles into its own elements; inline scripts are refused all the same.
    const others = policy.filter((part) => part !== "style-src 'self' 'unsafe-inline'");
    expect([policy.length - others.length, others.join(';')]).toEqual([
      1,
      expect.not.stringMatching(/unsafe|upgrade-insecure|https:/),
    ]);
    const api = await call(`${system.url}/health/live`);
    expect(api.headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
    expect(api.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('shows health and metrics without a token', async () => {
    for (const path of ['/health', '/health/live', '/health/ready', '/metrics']) {
      expect([path, (await call(system.url + path)).status]).toEqual([path, 200]);
    }
  });
});
