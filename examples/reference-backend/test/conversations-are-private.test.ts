import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type System, startSystem } from './support/backend.js';
import { visitor } from './support/client.js';
import { testWith } from './support/parts.js';

const test = await testWith('postgres');

describe('conversations', () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system?.close());

  test('are shown to their owner and to nobody else', async () => {
    const [ada, eve] = [await visitor(system.url, 'ada'), await visitor(system.url, 'eve')];
    const { body: answer } = await ada.chat('my secret');
    const own = await ada.get(`/api/conversations/${answer.conversationId}`);
    expect(own.body).toMatchObject({
      title: 'my secret',
      messages: [{ role: 'user' }, { role: 'assistant', model: 'sage' }],
    });

    expect((await eve.get('/api/conversations')).body.items).toEqual([]);
    expect((await eve.get(`/api/conversations/${answer.conversationId}`)).status).toBe(404);
    const intrusion = await eve.chat('tell me', { conversationId: answer.conversationId });
    expect(intrusion.status).toBe(404);
    expect((await ada.get(`/api/conversations/${answer.conversationId}`)).body.messages).toHaveLength(2);
  });

  test('come page by page, the latest first, none twice and none left out', async () => {
    const bob = await visitor(system.url, 'bob');
    for (let index = 0; index < 7; index += 1) await bob.chat(`question ${index}`);
    const titles: string[] = [];
    let cursor: string | null = '';
    for (let page = 0; cursor !== null && page < 10; page += 1) {
      const query: string = cursor ? `&cursor=${cursor}` : '';
      const { body } = await bob.get(`/api/conversations?limit=3${query}`);
      titles.push(...body.items.map(({ title }: { title: string }) => title));
      cursor = body.nextCursor;
    }
    expect(titles).toEqual([6, 5, 4, 3, 2, 1, 0].map((index) => `question ${index}`));
  });

  test('move to the top when they go on', async () => {
    const cleo = await visitor(system.url, 'cleo');
    const first = await cleo.chat('first');
    await cleo.chat('second');
    expect((await cleo.get('/api/conversations')).body.items[0].title).toBe('second');
    await cleo.chat('more', { conversationId: first.body.conversationId });
    expect((await cleo.get('/api/conversations')).body.items[0].title).toBe('first');
    expect((await cleo.get(`/api/conversations/${first.body.conversationId}`)).body.messages).toHaveLength(4);
  });

  test('refuse a made-up cursor, limit or id with a reason', async () => {
    const ada = await visitor(system.url);
    for (const path of ['?cursor=abc', '?limit=0', '?limit=101', '?limit=x', '/not-a-uuid']) {
      const { status, body } = await ada.get(`/api/conversations${path}`);
      expect([path, status, body.type]).toEqual([path, 400, 'urn:problem:invalid-request']);
    }
  });

  test('refuse a cursor whose moment Postgres does not know', async () => {
    const ada = await visitor(system.url);
    for (const moment of [
      '0000-01-01T00:00:00.000Z',
      '9999-12-31T24:00:00.000Z',
      '2026-02-30T00:00:00.000Z',
      '2026-01-01T00:00:00.1Z',
      '-271821-04-20T00:00:00.000Z',
    ]) {
      const cursor = Buffer.from(`${moment}|${crypto.randomUUID()}`).toString('base64url');
      const { status, body } = await ada.get(`/api/conversations?cursor=${cursor}`);
      expect([moment, status, body.type]).toEqual([moment, 400, 'urn:problem:invalid-request']);
    }
    for (const moment of ['0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z']) {
      const cursor = Buffer.from(`${moment}|${crypto.randomUUID()}`).toString('base64url');
      expect([moment, (await ada.get(`/api/conversations?cursor=${cursor}`)).status]).toEqual([moment, 200]);
    }
  });

  test('are the same ones however their id is written', async () => {
    const gus = await visitor(system.url, 'gus');
    const { body } = await gus.chat('one');
    const shouted = String(body.conversationId).toUpperCase();
    expect((await gus.get(`/api/conversations/${shouted}`)).body.messages).toHaveLength(2);
    const again = await gus.chat('two', { conversationId: shouted });
    expect(again.body.conversationId).toBe(body.conversationId);
    for (const id of [body.conversationId, shouted]) {
      expect((await gus.get(`/api/conversations/${id}`)).body.messages).toHaveLength(4);
    }
  });

  test('are called by their first line, cut between characters', async () => {
    const hal = await visitor(system.url, 'hal');
    await hal.chat(`${'🙂'.repeat(90)}\nand more`);
    expect((await hal.get('/api/conversations')).body.items[0].title).toBe(`${'🙂'.repeat(79)}…`);
  });
});
