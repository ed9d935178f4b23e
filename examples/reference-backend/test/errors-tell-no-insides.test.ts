import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type System, startSystem } from './support/backend.js';
import { call, post, type Visitor, visitor } from './support/client.js';
import { testWith } from './support/parts.js';

const test = await testWith('postgres');
const insides = / {4}at |\.[tj]s[:"]|node_modules|SELECT|postgres|relation|"stack"/i;

describe('an error', () => {
  let system: System;
  let ada: Visitor;
  beforeAll(async () => {
    system = await startSystem();
    ada = await visitor(system.url);
  });
  afterAll(() => system?.close());

  test('is problem+json with the id of the request, whoever raises it', async () => {
    const json = { 'content-type': 'application/json' };
    const url = `${system.url}/api/auth/token`;
    const replies = [
      [404, await call(`${system.url}/nowhere`)],
      [404, await ada.get('/api/nowhere')],
      [400, await call(url, { method: 'POST', headers: json, body: '{"username":' })],
      [
        400,
        await call(url, { method: 'POST', headers: json, body: '{"username":"<script>","password":"demo"}' }),
      ],
      [
        400,
        await call(url, {
          method: 'POST',
          headers: json,
          body: '{"username":"a","password":"demo","__proto__":{"x":1}}',
        }),
      ],
      [401, await post(url, { username: 'ada', password: 'guess' })],
      [415, await call(url, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' })],
      [
        413,
        await call(url, {
          method: 'POST',
          headers: json,
          body: JSON.stringify({ username: 'x'.repeat(300_000) }),
        }),
      ],
      [401, await call(`${system.url}/api/models`)],
    ] as const;
    for (const [status, reply] of replies) {
      expect([status, reply.text]).toEqual([reply.status, reply.text]);
      expect(reply.headers.get('content-type')).toContain('application/problem+json');
      expect(reply.body).toMatchObject({ status, requestId: reply.headers.get('x-request-id') });
      expect(reply.text).not.toMatch(insides);
    }
  });

  test('has a code of its own for each thing a client can do wrong, and names the field', async () => {
    const typo = await ada.chat('hi', { modle: 'scout' });
    expect([typo.status, typo.body.type]).toEqual([400, 'urn:problem:invalid-request']);
    expect(typo.body.detail).toBe('The request body is not valid: Unrecognized key: "modle"');
    const login = await post(`${system.url}/api/auth/token`, {
      username: 'a',
      password: 'demo',
      admin: true,
    });
    expect([login.status, login.body.detail]).toEqual([400, expect.stringContaining('"admin"')]);
    expect((await ada.get('/api/conversations/1')).body.detail).toMatch(/^The path is not valid: id: /);
    expect((await ada.get('/api/conversations?limit=0')).body.detail).toMatch(
      /^The query string is not valid: limit: /,
    );
    const url = `${system.url}/api/auth/token`;
    const text = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' };
    expect((await call(url, text)).body.type).toBe('urn:problem:unsupported-media-type');
    const large = await post(url, { username: 'x'.repeat(300_000) });
    expect(large.body.type).toBe('urn:problem:body-too-large');
  });

  test('of our own making is a 500 that tells nothing', async () => {
    await system.gateway.database.query('ALTER TABLE usage RENAME TO elsewhere', []);
    try {
      const { status, body, text } = await ada.get('/api/analytics/latency');
      expect([status, body.detail]).toEqual([500, 'Something went wrong on our side. It has been noted.']);
      expect(text).not.toMatch(insides);
      expect((await ada.chat('hi')).body).toMatchObject({ model: 'sage', stored: false });
    } finally {
      await system.gateway.database.query('ALTER TABLE elsewhere RENAME TO usage', []);
    }
  });

  test('keeps the id that a proxy gave the request, unless that is mischief', async () => {
    const given = async (id: string) =>
      (await call(`${system.url}/nowhere`, { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    expect(await given('edge-42.a')).toBe('edge-42.a');
    expect(await given('"><script>')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await given('x'.repeat(500))).toMatch(/^[0-9a-f-]{36}$/);
  });
});
