import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import { modelTimeoutMs, type System, startSystem } from './support/backend.js';
import { type Visitor, visitor } from './support/client.js';
import { testWith } from './support/parts.js';

const test = await testWith('postgres');

describe('chat', () => {
  let system: System;
  let ada: Visitor;
  beforeAll(async () => {
    // Long enough for a test to look at an open circuit.
    system = await startSystem({ CIRCUIT_OPEN_MS: '3000' });
    ada = await visitor(system.url);
  });
  afterAll(() => system?.close());
  beforeEach(async () => {
    await system.sage.control({ mode: 'ok' });
    await system.scout.control({ mode: 'ok' });
    for (const { breaker } of system.gateway.models.all()) breaker.reset();
  });

  test('is answered by the first model, and stored', async () => {
    const { status, headers, body } = await ada.chat('Good morning');
    expect(status).toBe(200);
    expect(body).toMatchObject({ model: 'sage', fallback: false, failures: [], stored: true });
    expect(body.answer).toBe('sage heard "Good morning" and 0 messages before it.');
    expect(body.usage).toEqual({ promptTokens: 2, completionTokens: 9 });
    expect(headers.get('x-request-id')).toBe(body.requestId);
  });

  test('goes on with a conversation', async () => {
    const first = await ada.chat('one');
    const second = await ada.chat('two', { conversationId: first.body.conversationId });
    expect(second.body.answer).toContain('and 2 messages before it');
    expect(second.body.conversationId).toBe(first.body.conversationId);
  });

  test('asks the wanted model first', async () => {
    expect((await ada.chat('hi', { model: 'scout' })).body).toMatchObject({
      model: 'scout',
      fallback: false,
    });
    const unknown = await ada.chat('hi', { model: 'oracle' });
    expect([unknown.status, unknown.body.knownModels]).toEqual([404, ['sage', 'scout']]);
  });

  const misbehaviours: [behaviour: object, reason: string, message: string][] = [
    [{ mode: 'fail' }, 'http-error', 'answered with status 500'],
    [{ mode: 'fail', status: 429 }, 'http-error', 'answered with status 429'],
    [{ mode: 'fail', status: 422 }, 'refused', 'refused the request with status 422'],
    [{ mode: 'hang' }, 'timeout', `did not answer within ${modelTimeoutMs} ms`],
    [{ mode: 'slow', delayMs: 20_000 }, 'timeout', `did not answer within ${modelTimeoutMs} ms`],
    [{ mode: 'drop' }, 'unreachable', 'could not be reached (UND_ERR_SOCKET)'],
    [{ mode: 'garbage', garbage: 'html' }, 'invalid-answer', 'answered with HTML instead of JSON'],
    [{ mode: 'garbage', garbage: 'truncated' }, 'invalid-answer', 'answered with broken or cut off JSON'],
    [{ mode: 'garbage', garbage: 'no-choices' }, 'invalid-answer', 'answered without any choice'],
    [
      { mode: 'garbage', garbage: 'other-json' },
      'invalid-answer',
      'answered with JSON that is no chat completion',
    ],
    [{ mode: 'garbage', garbage: 'empty' }, 'invalid-answer', 'answered with an empty body'],
    [{ mode: 'garbage', garbage: 'endless' }, 'invalid-answer', 'answered with more than 1048576 bytes'],
  ];
  for (const [behaviour, reason, message] of misbehaviours) {
    test(`is answered by the second model when the first does ${JSON.stringify(behaviour)}`, async () => {
      await system.sage.control(behaviour);
      const { status, body } = await ada.chat('hi');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        model: 'scout',
        fallback: true,
        failures: [{ model: 'sage', reason, message }],
      });
    });
  }

  test('leaves a model alone once it kept failing, and comes back to it', async () => {
    await system.sage.control({ mode: 'fail' });
    await failUntilOpen();
    const before = await system.sage.counts();
    const { body } = await ada.chat('hi');
    expect(body).toMatchObject({ model: 'scout', failures: [{ model: 'sage', reason: 'circuit-open' }] });
    expect((await system.sage.counts()).asked).toBe(before.asked);
    await system.sage.control({ mode: 'ok' });
    await expect.poll(async () => (await ada.chat('hi')).body.model).toBe('sage');
  });

  test('ends in a friendly 503 with request id and retryAfter when all models fail', async () => {
    await system.sage.control({ mode: 'fail' });
    await system.scout.control({ mode: 'garbage' });
    const { status, headers, body, text } = await ada.chat('hi');
    expect(status).toBe(503);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body.detail).toBe('None of our models can answer right now. Please try again shortly.');
    expect(body.requestId).toBe(headers.get('x-request-id'));
    expect(String(body.retryAfter)).toBe(headers.get('retry-after'));
    expect(body.failures.map(({ model }: { model: string }) => model)).toEqual(['sage', 'scout']);
    expect(text).not.toMatch(/ {4}at |\.ts:|\.js:|node_modules/);
  });

  test('tells the visitor when every model refuses the message', async () => {
    await system.sage.control({ mode: 'fail', status: 400 });
    await system.scout.control({ mode: 'fail', status: 413 });
    for (let round = 0; round < 12; round += 1) expect((await ada.chat('hi')).status).toBe(422);
    for (const { breaker } of system.gateway.models.all()) expect(breaker.state).toBe('closed');
  });

  test('passes a hang-up on to the provider, and holds it against nobody', async () => {
    await system.sage.control({ mode: 'hang' });
    const before = await system.sage.counts();
    const asked = (await system.scout.counts()).asked;
    const hangUp = new AbortController();
    const question = ada.post('/api/chat', { message: 'hi' }, { signal: hangUp.signal });
    await expect.poll(async () => (await system.sage.counts()).asked).toBe(before.asked + 1);
    hangUp.abort();
    await expect(question).rejects.toThrow();
    await expect.poll(async () => (await system.sage.counts()).hungUp).toBe(before.hungUp + 1);
    const sage = system.gateway.models.get('sage');
    expect(sage.breaker.stats()).toMatchObject({ windowCalls: 0, windowFailures: 0 });
    expect((await system.scout.counts()).asked).toBe(asked);
  });

  test('refuses what is no question, and says what is wrong with it', async () => {
    for (const body of [
      {},
      { message: '' },
      { message: '  ' },
      { message: 'a\0b' },
      { message: 'x'.repeat(32_001) },
    ]) {
      const { status, body: problem } = await ada.post('/api/chat', body);
      expect([status, problem.type]).toEqual([400, 'urn:problem:invalid-request']);
      expect(problem.errors[0].path).toBe('message');
    }
    const foreign = await ada.chat('hi', { conversationId: crypto.randomUUID() });
    expect([foreign.status, foreign.body.type]).toEqual([404, 'urn:problem:unknown-conversation']);
  });

  async function failUntilOpen(): Promise<void> {
    const { breaker } = system.gateway.models.get('sage');
    for (let round = 0; round < 50 && breaker.state !== 'open'; round += 1) await ada.chat('hi');
    expect(breaker.state).toBe('open');
  }
});
