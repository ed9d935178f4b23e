import { request as rawRequest } from 'node:http';
import { expect, test } from 'vitest';
import { createFaultControl, createFaultProxy, faultTypes } from '../src/index.js';
import { clientOf, echo } from './helpers.js';

async function setUp() {
  const target = await echo();
  const proxy = await createFaultProxy({ target: { port: target.port }, seed: 1 });
  const control = await createFaultControl({ proxy });
  const client = clientOf(proxy.port);
  client.socket.write('a');
  await client.has(1);
  const call = async (method: string, path: string, body?: string, type = 'application/json') => {
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': type };
    const answer = await fetch(`${control.url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const json = (await answer.json()) as Record<string, unknown>;
    return { status: answer.status, type: answer.headers.get('content-type'), json };
  };
  return {
    proxy,
    control,
    call,
    client,
    [Symbol.asyncDispose]: async () => {
      client.socket.destroy();
      await control.close();
      await proxy.close();
      await target[Symbol.asyncDispose]();
    },
  };
}

test('faults are added, listed and removed; stats are told; it listens on the loopback interface', async () => {
  await using rig = await setUp();
  const { call, proxy } = rig;
  expect(rig.control.host).toBe('127.0.0.1');
  const added = await call(
    'POST',
    '/faults',
    '{"type":"latency","ms":100,"direction":"to-client","forMs":60000}',
  );
  expect(added.status).toBe(201);
  expect(added.json).toMatchObject({ id: 1, type: 'latency', ms: 100, jitterMs: 0, direction: 'to-client' });
  await call('POST', '/faults', '{"type":"stall"}');
  const { json } = await call('GET', '/faults');
  expect(json.faults).toMatchObject([
    { id: 1, type: 'latency' },
    { id: 2, type: 'stall', direction: 'both' },
  ]);
  expect((await call('DELETE', '/faults/1')).json).toMatchObject({ id: 1, type: 'latency' });
  expect(proxy.faults.map(({ id }) => id)).toEqual([2]);
  expect((await call('DELETE', '/faults')).json).toEqual({ removed: 1 });
  expect((await call('GET', '/stats')).json).toEqual({ ...proxy.stats() });
  expect((await call('GET', '/')).json).toMatchObject({ kind: 'fault-proxy', seed: 1, faultTypes });
});

const wrong: [what: string, body: string, status: number, detail: RegExp][] = [
  ['no JSON', '{type: latency}', 400, /not JSON/],
  ['no object', '[1]', 400, /must be a JSON object/],
  ['null', 'null', 400, /must be a JSON object/],
  ['an unknown fault', '{"type":"lag"}', 400, /"type" must be one of latency, bandwidth/],
  [
    'a nonsense value',
    '{"type":"latency","ms":-5}',
    400,
    /"ms" must be a number of milliseconds from 0 .*received -5/,
  ],
  ['an unknown option', '{"type":"latency","ms":5,"direktion":"both"}', 400, /unknown option "direktion"/],
  ['a nonsense direction', '{"type":"stall","direction":"up"}', 400, /"direction" must be one of/],
  ['an HTTP fault without the HTTP mode', '{"type":"httpError"}', 400, /http: true/],
  ['too large a body', `{"type":"stall","x":"${'x'.repeat(200_000)}"}`, 413, /at most 131072 bytes/],
];

test.for(wrong)(
  '%s is answered with a problem, and connections are undisturbed',
  async ([, body, status, detail]) => {
    await using rig = await setUp();
    const answer = await rig.call('POST', '/faults', body);
    expect(answer).toMatchObject({ status, type: 'application/problem+json', json: { status } });
    expect(answer.json.detail).toMatch(detail);
    expect(rig.proxy.faults).toEqual([]);
    rig.client.socket.write('b');
    expect((await rig.client.has(2)).toString()).toBe('ab');
  },
);

test('an unknown fault is answered with the list of what is allowed', async () => {
  await using rig = await setUp();
  expect((await rig.call('POST', '/faults', '{"type":"lag"}')).json.allowed).toEqual(faultTypes);
});

test('unknown paths and faults are told; JSON must be named as such; only the loopback name is answered', async () => {
  await using rig = await setUp();
  expect(await rig.call('GET', '/nothing')).toMatchObject({ status: 404 });
  expect(await rig.call('DELETE', '/faults/7')).toMatchObject({ status: 404, json: { faults: [] } });
  expect(await rig.call('POST', '/faults', '{"type":"stall"}', 'text/plain')).toMatchObject({ status: 415 });
  const status = await new Promise((resolve) => {
    const options = { port: rig.control.port, host: '127.0.0.1', headers: { host: 'evil.example' } };
    rawRequest({ ...options, path: '/faults' }, (answer) => resolve(answer.resume().statusCode)).end();
  });
  expect(status).toBe(403);
});

test.for([
  ['PUT', '/faults', 'GET, POST, DELETE'],
  ['POST', '/stats', 'GET'],
  ['PATCH', '/faults/1', 'DELETE'],
] as const)('a wrong method is told, with those that are right: %s %s', async ([method, path, allow]) => {
  await using rig = await setUp();
  const answer = await fetch(`${rig.control.url}${path}`, { method, body: '{"type":"stall"}' });
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect((await answer.json()) as object).toMatchObject({ status: 405, title: 'Method not allowed' });
  expect(rig.proxy.faults).toEqual([]);
});

test('a fault that cannot be added now is a conflict, a taken port an error with a code', async () => {
  await using rig = await setUp();
  await expect(createFaultControl({ proxy: rig.proxy, port: rig.proxy.port })).rejects.toMatchObject({
    code: 'ERR_PORT_TAKEN',
  });
  await rig.proxy.close();
  const { status, json } = await rig.call('POST', '/faults', '{"type":"stall"}');
  expect({ status, code: json.code }).toEqual({ status: 409, code: 'ERR_PROXY_CLOSED' });
});
