import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { jwtSecret, type System, startSystem } from './support/backend.js';
import { call, post } from './support/client.js';
import { testWith } from './support/parts.js';

const test = await testWith('postgres');
const guarded = ['/api/models', '/api/models/sage', '/api/conversations', '/api/analytics/usage-by-model'];

const claims = () =>
  new SignJWT()
    .setSubject('ada')
    .setIssuer('mainstay-reference-backend')
    .setAudience('mainstay-reference-backend')
    .setExpirationTime('1h');
const key = (secret: string) => new TextEncoder().encode(secret);

describe('the API', () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system?.close());
  const withToken = (token: string) =>
    call(`${system.url}/api/models`, { headers: { authorization: `Bearer ${token}` } });

  test('asks for a token everywhere but at the login', async () => {
    for (const path of guarded) {
      const { status, headers, body } = await call(system.url + path);
      expect([path, status, headers.get('www-authenticate')]).toEqual([path, 401, 'Bearer']);
      expect(headers.get('content-type')).toContain('application/problem+json');
      expect(body.detail).toContain('Authorization: Bearer');
    }
    expect((await post(`${system.url}/api/chat`, { message: 'hi' })).status).toBe(401);
  });

  test('lets a demo user in and tells how long the token lasts', async () => {
    const { status, headers, body } = await post(`${system.url}/api/auth/token`, {
      username: 'ada',
      password: 'demo',
    });
    expect([status, body.tokenType, body.expiresInSeconds]).toEqual([200, 'Bearer', 3600]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await withToken(body.token)).status).toBe(200);
  });

  test('refuses an expired token and says so', async () => {
    const expired = await claims()
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime(1)
      .sign(key(jwtSecret));
    const { status, body, headers } = await withToken(expired);
    expect([status, body.detail]).toEqual([401, 'Your token has expired. Get a new one.']);
    expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  });

  test('refuses a token with alg none, another algorithm, another key, no end, no user, another audience', async () => {
    const none = new UnsecuredJWT().setSubject('ada').setExpirationTime('1h').encode();
    const hs512 = await claims().setProtectedHeader({ alg: 'HS512' }).sign(key(jwtSecret));
    const foreign = await claims()
      .setProtectedHeader({ alg: 'HS256' })
      .sign(key('another secret of 32 characters..'));
    const endless = await new SignJWT()
      .setSubject('ada')
      .setIssuer('mainstay-reference-backend')
      .setAudience('mainstay-reference-backend')
      .setProtectedHeader({ alg: 'HS256' })
      .sign(key(jwtSecret));
    const nobody = await claims().setSubject('').setProtectedHeader({ alg: 'HS256' }).sign(key(jwtSecret));
    const elsewhere = await claims()
      .setAudience('somebody-else')
      .setProtectedHeader({ alg: 'HS256' })
      .sign(key(jwtSecret));
    for (const token of [none, hs512, foreign, endless, nobody, elsewhere, 'garbage', 'a.b.c']) {
      const { status, body } = await withToken(token);
      expect([token, status, body.detail]).toEqual([token, 401, 'Your token is not valid here.']);
    }
  });

  test('has no demo login in production', async () => {
    const production = await startSystem({
      NODE_ENV: 'production',
      JWT_SECRET: 'Zk3!mQ8#vL1@xR6$wT9%yU2^pB5&nC7*',
    });
    try {
      expect(
        (await post(`${production.url}/api/auth/token`, { username: 'ada', password: 'demo' })).status,
      ).toBe(404);
      expect((await call(`${production.url}/api/models`)).status).toBe(401);
    } finally {
      await production.close();
    }
  });
});
