import { once } from 'node:events';
import { createServer, request as open, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createFaultProxy, httpError } from '../src/index.js';
import { clientOf, until } from './helpers.js';

/** A target that answers as the test says, and a proxy in HTTP mode before it. */
async function before(answer: RequestListener, prepare: (server: Server) => void = () => {}) {
  const server = createServer({ maxHeaderSize: 32_768 }, answer);
  prepare(server);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await createFaultProxy({
    target: { port: (server.address() as AddressInfo).port },
    http: true,
  });
  return {
    proxy,
    /** The target's, those that are open. */
    sockets,
    /** Sends this as it is, and gives all that comes until the connection ends. */
    exchange: async (...lines: string[]) => {
      using client = clientOf(proxy.port);
      client.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      expect(await client.ended).toBe('end');
      return client.received().toString('latin1');
    },
    [Symbol.asyncDispose]: async () => {
      await proxy.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

const tellHeaders: RequestListener = (request, response) => {
  response.write(JSON.stringify(request.headers));
  response.end();
};

test('the head of an upload reaches the target before its body: it may answer, or refuse, at once', async () => {
  await using rig = await before((_request, response) => response.writeHead(413).end('too large'));
  using client = clientOf(rig.proxy.port);
  client.socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n');
  await until(() => client.received().includes('too large'));
  expect(client.received().toString()).toContain('HTTP/1.1 413');
});

test('what is left of an upload that was answered is thrown away, and the connection serves on', async () => {
  await using rig = await before((_request, response) => void response.end('answered early'));
  using client = clientOf(rig.proxy.port);
  for (const round of [1, 2, 3]) {
    client.socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n');
    await until(() => client.received().toString().split('answered early').length === round + 1);
    client.socket.write(Buffer.alloc(1_000_000));
  }
  expect(rig.proxy.stats()).toMatchObject({ connections: 1, requests: 3 });
});

test('an upload whose client goes is given up at the target', async () => {
  for (const answersEarly of [true, false]) {
    await using rig = await before((request, response) => {
      request.on('error', () => {});
      request.resume();
      if (answersEarly) response.end('early');
    });
    {
      using client = clientOf(rig.proxy.port);
      client.socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc');
      if (answersEarly) await until(() => client.received().includes('early'));
      else await until(() => rig.sockets.size === 1);
    }
    await until(() => rig.sockets.size === 0 && rig.proxy.stats().open === 0);
  }
});

test('100 Continue is asked of the target, which may refuse', async () => {
  const asked: string[] = [];
  await using rig = await before(
    (request, response) => void request.pipe(response),
    (server) =>
      server.on('checkContinue', (request, response) => {
        asked.push(request.url ?? '');
        if (request.url === '/refused') response.writeHead(417).end('no');
        else {
          response.writeContinue();
          request.pipe(response);
        }
      }),
  );
  const ask = async (path: string) => {
    const upload = open({ port: rig.proxy.port, path, method: 'PUT', headers: { expect: '100-continue' } });
    const continued = once(upload, 'continue').then(() => upload.end('the body'));
    const [answer] = await once(upload, 'response');
    const parts: Buffer[] = [];
    for await (const part of answer) parts.push(part);
    upload.destroy();
    continued.catch(() => {});
    return [answer.statusCode, Buffer.concat(parts).toString()];
  };
  expect(await ask('/taken')).toEqual([200, 'the body']);
  expect(await ask('/refused')).toEqual([417, 'no']);
  rig.proxy.add(httpError({ status: 500, body: 'injected' }));
  expect(await ask('/injected')).toEqual([500, 'injected']);
  expect(asked).toEqual(['/taken', '/refused']);
});

test('early hints and 102 pass, before the answer', async () => {
  await using rig = await before((_request, response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.end('hinted');
  });
  const got = await rig.exchange('GET / HTTP/1.1', 'Host: x', 'Connection: close');
  const statuses = [...got.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
  expect(statuses).toEqual(['102', '103', '200']);
  expect(got).toMatch(/link: <\/style\.css>; rel=preload/i);
});

test('a client of HTTP/1.0, without a Host and without chunks, is served', async () => {
  await using rig = await before(tellHeaders);
  const got = await rig.exchange('GET / HTTP/1.0');
  expect(got).toContain(' 200 OK');
  expect(got.toLowerCase()).not.toContain('transfer-encoding');
  const host = `127.0.0.1:${rig.proxy.target.port}`;
  expect(JSON.parse(got.slice(got.indexOf('{')))).toMatchObject({ host });
});

test('a request without a body stays without one, whatever its method', async () => {
  await using rig = await before(tellHeaders);
  for (const method of ['POST', 'PUT', 'PATCH', 'PURGE', 'GET', 'DELETE']) {
    const got = await rig.exchange(`${method} / HTTP/1.1`, 'Host: x', 'Connection: close');
    expect(got, method).toContain('"host":"x"');
    expect(got, method).not.toContain('"transfer-encoding"');
  }
});

test('how large a head may be is decided by the target', async () => {
  await using rig = await before((request, response) => response.end(`${request.headers.large?.length}`));
  const ask = (bytes: number) =>
    rig.exchange('GET / HTTP/1.1', 'Host: x', `Large: ${'x'.repeat(bytes)}`, 'Connection: close');
  expect(await ask(30_000)).toContain('30000');
  expect(await ask(40_000)).toContain('HTTP/1.1 431');
});

test('a client that offers HTTP/2 does not slip past the faults', async () => {
  await using rig = await before((request, response) => void request.pipe(response));
  using client = clientOf(rig.proxy.port);
  const ask = (body: string, more = ''): string =>
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
  client.socket.write(
    ask('first', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n'),
  );
  await until(() => client.received().includes('first'));
  const fault = rig.proxy.add(httpError({ body: 'injected' }));
  client.socket.write(ask('second'));
  await until(() => client.received().includes('injected'));
  fault.remove();
  client.socket.write(ask('third', 'Connection: close\r\n'));
  expect(await client.ended).toBe('end');
  expect(client.received().toString()).toMatch(/ 200 OK.*first.* 503 .*injected.* 200 OK.*third/s);
  expect(rig.proxy.stats()).toMatchObject({ connections: 1, dials: 1, requests: 3, requestsFaulted: 1 });
});
