import { request } from 'undici';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createFaultProxy, httpError, stall } from '../src/index.js';
import { aMoment, clientOf } from './helpers.js';
import { setUp, text } from './http-rig.js';

test('without a fault, requests and answers pass as they are, over one connection', async () => {
  await using rig = await setUp();
  expect(rig.proxy.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  for (const path of ['/', '/chunked'])
    expect(await rig.get(path)).toMatchObject({ statusCode: 200, body: text });
  expect(await rig.get('/empty')).toMatchObject({ statusCode: 204, body: '' });
  expect((await rig.get('/')).headers['set-cookie']).toEqual(['a=1', 'b=2']);
  const payload = Buffer.alloc(3_000_000, 'x');
  const echoed = await request(`${rig.proxy.url}/echo`, {
    method: 'PUT',
    body: payload,
    dispatcher: rig.agent,
  });
  expect(echoed.headers['x-method']).toBe('PUT');
  expect(Buffer.from(await echoed.body.arrayBuffer()).equals(payload)).toBe(true);
  expect(rig.proxy.stats()).toMatchObject({ connections: 1, dials: 1, requests: 5, requestsFaulted: 0 });
});

test('pipelined requests are answered in their order, with and without a fault', async () => {
  await using rig = await setUp();
  rig.proxy.add(httpError({ route: '/bad', body: 'bad' }));
  using raw = clientOf(rig.proxy.port);
  const ask = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n${more}\r\n`;
  raw.socket.write(ask('/') + ask('/bad') + ask('/chunked') + ask('/bad', 'connection: close\r\n'));
  await raw.ended;
  const statuses = [
    ...raw
      .received()
      .toString('latin1')
      .matchAll(/HTTP\/1\.1 (\d+)/g),
  ].map((match) => match[1]);
  expect(statuses).toEqual(['200', '503', '200', '503']);
});

test('faults on bytes work in the HTTP mode too', async () => {
  await using rig = await setUp();
  const fault = rig.proxy.add(stall(), { direction: 'to-client' });
  let answered = false;
  const pending = rig.get('/').then((got) => {
    answered = true;
    return got;
  });
  await aMoment();
  expect(answered).toBe(false);
  fault.remove();
  expect((await pending).body).toBe(text);
});

test('a refused target resets the client, and is counted', async () => {
  await using proxy = await createFaultProxy({ target: { port: 1 }, http: true });
  await expect(request(proxy.url)).rejects.toMatchObject({
    code: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/),
  });
  expect(proxy.stats()).toMatchObject({ dials: 1, dialErrors: 1, requests: 1 });
});

test('a WebSocket passes through the HTTP mode, and its handshake can be answered with an error', async () => {
  await using rig = await setUp();
  const sockets = new WebSocketServer({ server: rig.server });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  const open = new WebSocket(rig.proxy.url.replace('http', 'ws'));
  const reply = await new Promise((resolve, reject) => {
    open.on('error', reject);
    open.on('open', () => open.send('hello'));
    open.on('message', (data) => resolve(String(data)));
  });
  expect(reply).toBe('hello');
  open.close();
  rig.proxy.add(httpError({ status: 502 }));
  const refused = new WebSocket(rig.proxy.url.replace('http', 'ws'));
  const error = await new Promise<Error>((resolve) => refused.on('error', resolve));
  expect(error.message).toContain('502');
});
