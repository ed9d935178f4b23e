import { expect, test } from 'vitest';
import {
  bandwidth,
  createFaultProxy,
  cut,
  cutAfter,
  drop,
  type Fault,
  garbage,
  httpError,
  latency,
  slowBody,
  slowClose,
  slowHeaders,
  stall,
  truncatedBody,
  wrongContentLength,
} from '../src/index.js';
import { clientOf, echo } from './helpers.js';

type Attempt = [what: string, attempt: () => unknown, message: RegExp];

const attempts: Attempt[] = [
  [
    'latency NaN',
    () => latency({ ms: Number.NaN }),
    /latency: option "ms" .*from 0 to 2147483647, received NaN/,
  ],
  ['latency -1', () => latency({ ms: -1 }), /received -1/],
  ['latency text', () => latency({ ms: '100' as never }), /received "100"/],
  ['latency without ms', () => latency({} as never), /"ms"/],
  ['latency misspelt', () => latency({ ms: 1, jiterMs: 2 } as never), /did you mean "jitterMs"/],
  ['bandwidth 0', () => bandwidth({ bytesPerSecond: 0 }), /"bytesPerSecond" .*received 0/],
  ['bandwidth Infinity', () => bandwidth({ bytesPerSecond: Number.POSITIVE_INFINITY }), /received Infinity/],
  ['stall with options', () => stall({ ms: 1 } as never), /unknown option "ms"/],
  ['cut how', () => cut({ how: 'bang' as never }), /"fin", "rst", "half-open", received "bang"/],
  ['cutAfter half a byte', () => cutAfter({ bytes: 0.5 }), /whole number of bytes/],
  ['slowClose', () => slowClose({ ms: Number.POSITIVE_INFINITY }), /slowClose: option "ms"/],
  ['drop 2', () => drop({ rate: 2 }), /from 0 to 1, received 2/],
  ['httpError 200', () => httpError({ status: 200 }), /from 400 to 599, received 200/],
  ['httpError route', () => httpError({ route: 'orders' }), /"route" must be a path like/],
  ['garbage none', () => garbage({ bytes: 0 }), /received 0/],
  ['slowHeaders', () => slowHeaders({ ms: null as never }), /received null/],
  ['slowBody', () => slowBody({ bytesPerSecond: -5 }), /received -5/],
  ['truncatedBody', () => truncatedBody({ bytes: -1 }), /received -1/],
  ['wrongContentLength 0', () => wrongContentLength({ by: 0 }), /not 0, received 0/],
];

test.for(attempts)('%s', ([, attempt, message]) => {
  expect(attempt).toThrow(message);
});

const additions: [what: string, fault: unknown, options: unknown, message: RegExp][] = [
  ['no fault', undefined, undefined, /must be an object with a "type"/],
  [
    'an unknown type',
    { type: 'latancy' },
    undefined,
    /must be one of latency, bandwidth, .*received "latancy"/,
  ],
  ['a type from the prototype', { type: 'toString' }, undefined, /must be one of latency/],
  ['a value that was not checked before', { type: 'latency', ms: -1 }, undefined, /received -1/],
  ['a direction', stall(), { direction: 'up' }, /"both", "to-target", "to-client", received "up"/],
  ['no time at all', stall(), { forMs: 0 }, /"forMs"/],
  ['an HTTP fault without the HTTP mode', httpError(), undefined, /http: true/],
  ['a direction where there is none', drop(), { direction: 'to-client' }, /has no direction/],
];

test.for(additions)('add: %s, and connections are undisturbed', async ([, fault, options, message]) => {
  await using target = await echo();
  await using proxy = await createFaultProxy({ target: { port: target.port } });
  using client = clientOf(proxy.port);
  client.socket.write('a');
  await client.has(1);
  expect(() => proxy.add(fault as Fault, options as never)).toThrow(message);
  expect(proxy.faults).toEqual([]);
  client.socket.write('b');
  expect((await client.has(2)).toString()).toBe('ab');
});

test.for([
  ['nothing', undefined, /"target.port"/],
  ['a port of 0', { target: { port: 0 } }, /"target.port" .*from 1 to 65535, received 0/],
  ['a port to listen on', { target: { port: 1 }, port: 70_000 }, /"port"/],
  ['a seed', { target: { port: 1 }, seed: 0.5 }, /"seed"/],
  ['an unknown option', { target: { port: 1 }, prot: 1 }, /did you mean/],
] as const)('createFaultProxy: %s', async ([, options, message]) => {
  await expect(createFaultProxy(options as never)).rejects.toThrow(message);
});

test.for([false, true])('a port that is taken is a clear error with a code (http: %s)', async (http) => {
  await using target = await echo();
  const attempt = createFaultProxy({ target: { port: 9 }, port: target.port, http });
  await expect(attempt).rejects.toMatchObject({
    code: 'ERR_PORT_TAKEN',
    message: `createFaultProxy: port ${target.port} of 127.0.0.1 is taken; choose another one, or 0 for any that is free`,
    cause: { code: 'EADDRINUSE' },
  });
});

test('an address that is not ours is a clear error with a code', async () => {
  const attempt = createFaultProxy({ target: { port: 9 }, host: '192.0.2.1' });
  await expect(attempt).rejects.toMatchObject({ code: 'ERR_LISTEN', cause: { code: 'EADDRNOTAVAIL' } });
});

test('a closed proxy takes no faults, and no proxy takes more than 1,000', async () => {
  const proxy = await createFaultProxy({ target: { port: 9 } });
  for (let index = 0; index < 1_000; index++) proxy.add(stall());
  expect(() => proxy.add(stall())).toThrow(expect.objectContaining({ code: 'ERR_TOO_MANY_FAULTS' }));
  await proxy.close();
  expect(proxy.faults).toEqual([]);
  expect(() => proxy.add(stall())).toThrow(expect.objectContaining({ code: 'ERR_PROXY_CLOSED' }));
});
