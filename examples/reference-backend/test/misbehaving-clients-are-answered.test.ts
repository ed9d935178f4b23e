import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type System, startSystem } from './support/backend.js';
import { call } from './support/client.js';
import { testWith } from './support/parts.js';

const test = await testWith('postgres');

describe('a client that misbehaves', () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem({}, { requestMs: 1_500, headersMs: 1_000, checkEveryMs: 50 });
  });
  afterAll(() => system?.close());

  /** Sends this and no more; resolves to what comes back until the server ends the connection. */
  async function raw(request: string) {
    const socket = connect(Number(new URL(system.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(request);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    return { head, problem: JSON.parse(body) };
  }

  test('by sending a body that never comes is answered with a 408 and cut off', async () => {
    const { head, problem } = await raw(
      'POST /api/auth/token HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{',
    );
    expect(head).toMatch(/^HTTP\/1\.1 408 [\s\S]*application\/problem\+json/);
    expect(problem).toMatchObject({ status: 408, type: 'urn:problem:request-timeout' });
  });

  test('by sending half a header is cut off as well', async () => {
    expect((await raw('GET / HTTP/1.1\r\nhost:')).problem.status).toBe(408);
  });

  test('by sending what is no HTTP, or too much of it, gets problem+json with an id', async () => {
    const garbage = await raw('hush hush\r\n\r\n');
    const large = await raw(`GET / HTTP/1.1\r\nhost: a\r\nx-large: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect([garbage.problem.type, large.problem.type]).toEqual([
      'urn:problem:not-http',
      'urn:problem:headers-too-large',
    ]);
    for (const { head, problem } of [garbage, large]) {
      expect(head).toContain(`x-request-id: ${problem.requestId}`);
      expect(JSON.stringify(problem)).not.toContain('hush');
    }
  });

  test('by asking for a path that the router cannot read gets problem+json without its text', async () => {
    for (const [path, status, code] of [
      ['/api/models/%ff?token=hush', 400, 'invalid-path'],
      [`/api/models/${'hush'.repeat(50)}`, 414, 'path-too-long'],
    ] as const) {
      const reply = await call(system.url + path);
      expect([reply.status, reply.body.type]).toEqual([status, `urn:problem:${code}`]);
      expect(reply.headers.get('content-type')).toContain('application/problem+json');
      expect(reply.body.requestId).toBe(reply.headers.get('x-request-id'));
      expect(reply.text).not.toMatch(/%ff|hush/);
    }
  });
});
