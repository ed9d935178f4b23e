import { ManualClock } from '@mainstay/core';
import { request } from 'undici';
import { expect, test } from 'vitest';
import {
  garbage,
  httpError,
  slowBody,
  slowHeaders,
  truncatedBody,
  wrongContentLength,
} from '../src/index.js';
import { aMoment, clientOf, until } from './helpers.js';
import { setUp, text } from './http-rig.js';

test('httpError answers by rate, the same requests with the same seed', async () => {
  const outcome = async (): Promise<string> => {
    await using rig = await setUp({ seed: 11 });
    rig.proxy.add(httpError({ status: 503, rate: 0.5, retryAfterSeconds: 2 }));
    let outcomes = '';
    for (let index = 0; index < 40; index++) {
      const { statusCode, headers } = await rig.get('/');
      if (statusCode === 503) expect(headers['retry-after']).toBe('2');
      outcomes += statusCode === 503 ? 'E' : '.';
    }
    const errors = [...outcomes].filter((one) => one === 'E').length;
    expect(rig.proxy.stats()).toMatchObject({ requests: 40, requestsFaulted: errors });
    expect(errors).toBeGreaterThan(8);
    expect(errors).toBeLessThan(32);
    return outcomes;
  };
  expect(await outcome()).toBe(await outcome());
});

test('httpError answers by route and method, and the target never sees the request', async () => {
  await using rig = await setUp();
  let seen = 0;
  rig.server.on('request', () => {
    seen += 1;
  });
  const fault = rig.proxy.add(httpError({ status: 429, route: 'GET /orders/*', body: 'no' }));
  expect(await rig.get('/orders/7?x=1')).toMatchObject({ statusCode: 429, body: 'no' });
  expect(seen).toBe(0);
  expect((await rig.get('/users')).statusCode).toBe(200);
  const options = { method: 'POST' as const, body: 'x'.repeat(100_000), dispatcher: rig.agent };
  const posted = await request(`${rig.proxy.url}/orders/7`, options);
  await posted.body.dump();
  expect(posted.statusCode).toBe(200);
  fault.remove();
  expect((await rig.get('/orders/7')).statusCode).toBe(200);
});

test('garbage is no HTTP, and the same with the same seed', async () => {
  await using rig = await setUp({ seed: 5 });
  rig.proxy.add(garbage({ bytes: 32, route: '/broken' }));
  await expect(rig.get('/broken')).rejects.toMatchObject({ name: 'HTTPParserError' });
  expect((await rig.get('/')).body).toBe(text);
  using raw = clientOf(rig.proxy.port);
  raw.socket.write('GET /broken HTTP/1.1\r\nhost: x\r\n\r\n');
  expect(await raw.ended).toBe('end');
  expect(raw.received().length).toBe(32);
});

test('slowHeaders: the head drips, and comes at once when the fault goes', async () => {
  const clock = new ManualClock();
  await using rig = await setUp({ clock });
  const fault = rig.proxy.add(slowHeaders({ ms: 1_000 }));
  using raw = clientOf(rig.proxy.port);
  raw.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await until(() => rig.proxy.stats().requestsFaulted === 1);
  await aMoment();
  for (let tick = 0; tick < 25; tick++) await clock.advanceAsync(20);
  await aMoment();
  const part = raw.received().toString('latin1');
  expect(part).toMatch(/^HTTP\/1\.1 2/);
  expect(part).not.toContain('\r\n\r\n');
  fault.remove();
  await clock.advanceAsync(20);
  expect(await raw.ended).toBe('end');
  expect(raw.received().toString('latin1')).toMatch(/\r\n\r\na body of twenty-nine letters$/);
});

test('slowBody: the head is there, the body comes at the rate, and at once when the fault goes', async () => {
  const clock = new ManualClock();
  await using rig = await setUp({ clock });
  const fault = rig.proxy.add(slowBody({ bytesPerSecond: 10 }));
  using raw = clientOf(rig.proxy.port);
  raw.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await until(() => raw.received().includes('\r\n\r\n'));
  for (let tick = 0; tick < 55; tick++) await clock.advanceAsync(20);
  await aMoment();
  const body = (): string => raw.received().toString('latin1').split('\r\n\r\n')[1] ?? '';
  expect(body().length).toBeGreaterThanOrEqual(9);
  expect(body().length).toBeLessThanOrEqual(11);
  fault.remove();
  await clock.advanceAsync(20);
  expect(await raw.ended).toBe('end');
  expect(body()).toBe(text);
});

test.for(['/', '/chunked'])('truncatedBody: the promise is not kept (%s)', async (path) => {
  await using rig = await setUp();
  rig.proxy.add(truncatedBody({ bytes: 5 }));
  await expect(rig.get(path)).rejects.toThrow();
  rig.proxy.clear();
  rig.proxy.add(truncatedBody({ bytes: 1_000_000 }));
  await expect(rig.get(path)).rejects.toThrow();
  rig.proxy.clear();
  expect((await rig.get(path)).body).toBe(text);
});

test('truncatedBody passes the bytes it promises', async () => {
  await using rig = await setUp();
  rig.proxy.add(truncatedBody({ bytes: 5 }));
  using raw = clientOf(rig.proxy.port);
  raw.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  expect(await raw.ended).toBe('end');
  const [head, body] = raw.received().toString('latin1').split('\r\n\r\n');
  expect(head).toContain('Content-Length: 29');
  expect(body).toBe('a bod');
});

test.for([
  ['/', 10, 39],
  ['/', -4, 25],
  ['/chunked', 10, 39],
  ['/', -1_000, 0],
] as const)('wrongContentLength: %s declares %i more than there is', async ([path, by, declared]) => {
  await using rig = await setUp();
  rig.proxy.add(wrongContentLength({ by }));
  using raw = clientOf(rig.proxy.port);
  raw.socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
  expect(await raw.ended).toBe('end');
  const [head, body] = raw.received().toString('latin1').split('\r\n\r\n');
  expect(head).toContain(`Content-Length: ${declared}\r\n`);
  expect(body).toBe(text);
  if (by > 0) await expect(rig.get(path)).rejects.toThrow();
});

test('answers without a body stay as they are', async () => {
  await using rig = await setUp();
  rig.proxy.add(truncatedBody());
  rig.proxy.add(wrongContentLength());
  expect(await rig.get('/empty')).toMatchObject({ statusCode: 204 });
});
