import { expect, expectTypeOf, test, vi } from 'vitest';
import { CircuitBreaker, type CircuitBreakerGroup } from '../src/index.js';
import { broken, fail, makeGroup, pendingCall, settled, succeed } from './helpers.js';

const keysOf = (group: CircuitBreakerGroup) =>
  [...group].map(({ name }) => name.slice('hosts/'.length)).sort();

test('each key has a breaker of its own, with a name of its own', async () => {
  const { group } = makeGroup();
  await fail(group.get('a.example'), 2);
  expect(group.get('a.example').state).toBe('open');
  expect(group.get('a.example')).toBe(group.get('a.example'));
  expect(await group.execute('b.example', async ({ signal }) => signal.aborted)).toBe(false);
  await expect(group.execute('a.example', () => 1)).rejects.toMatchObject({
    code: 'ERR_CIRCUIT_OPEN',
    breakerName: 'hosts/a.example',
    retryAfterMs: 1_000,
  });
  expect([group.kind, group.name, group.size]).toEqual(['circuit-breaker-group', 'hosts', 2]);
  for (const breaker of group) expect(breaker).toBeInstanceOf(CircuitBreaker);
  expect(keysOf(group)).toEqual(['a.example', 'b.example']);
});

test('the caller’s signal is honoured', async () => {
  const { group } = makeGroup();
  const controller = new AbortController();
  const call = group.execute('a', () => new Promise(() => {}), { signal: controller.signal });
  controller.abort();
  await expect(call).rejects.toBe(controller.signal.reason);
  expect(group.stats()).toMatchObject({ ignored: 1, failed: 0 });
});

test('at the limit the closed breaker that was not asked for makes room', async () => {
  const { group } = makeGroup({ maxBreakers: 3 });
  for (const key of ['a', 'b', 'c', 'a', 'c', 'd']) group.get(key);
  expect(keysOf(group)).toEqual(['a', 'c', 'd']);
});

test('an open, a half-open and an isolated breaker stay while a closed one is left to go', async () => {
  const { group, clock } = makeGroup({ maxBreakers: 4 });
  await fail(group.get('half-open'), 2);
  clock.advance(1_000);
  pendingCall(group.get('half-open'));
  await fail(group.get('open'), 2);
  group.get('isolated').isolate();
  for (let key = 0; key < 1_000; key += 1) group.get(`key ${key}`);
  expect(keysOf(group)).toEqual(['half-open', 'isolated', 'key 999', 'open']);
});

test('where none is closed, the open one that was not asked for makes room', async () => {
  const { group } = makeGroup({ maxBreakers: 2 });
  await fail(group.get('a'), 2);
  await fail(group.get('b'), 2);
  group.get('a');
  group.get('c');
  expect(group.size).toBe(2);
  expect(group.peek('c')?.state).toBe('closed');
});

test('where all are isolated, a new key gets a breaker that is not kept, and the order holds', async () => {
  const { group } = makeGroup({ maxBreakers: 2 });
  group.get('a').isolate();
  group.get('b').isolate();
  expect(await group.execute('c', async () => 'answer')).toBe('answer');
  expect(keysOf(group)).toEqual(['a', 'b']);
  expect(group.peek('c')).toBeUndefined();
  group.get('a').release();
  group.get('c');
  expect(keysOf(group)).toEqual(['b', 'c']);
});

test('who has not been asked for in idleMs is given up, without a timer', async () => {
  const { group, clock } = makeGroup({ idleMs: 60_000 });
  await fail(group.get('open'), 2);
  group.get('isolated').isolate();
  group.get('idle');
  group.get('used');
  clock.advance(59_999);
  group.get('used');
  expect(group.stats().breakers).toBe(4);
  clock.advance(1);
  group.get('new');
  expect(keysOf(group)).toEqual(['isolated', 'new', 'used']);
  expect(clock.pendingTimers).toBe(0);
});

test('an open breaker with time to go is not idle', async () => {
  const { group, clock } = makeGroup({ idleMs: 1_000, openMs: 50_000 });
  await fail(group.get('open'), 2);
  clock.advance(49_999);
  expect(group.stats()).toMatchObject({ breakers: 1, open: 1 });
  clock.advance(251);
  expect(group.stats()).toMatchObject({ breakers: 0, evicted: 1 });
});

test('looking without asking keeps nothing alive and makes nothing', () => {
  const { group, clock } = makeGroup({ idleMs: 1_000 });
  expect(group.peek('a')).toBeUndefined();
  group.get('a');
  clock.advance(1_000);
  expect(group.peek('a')?.name).toBe('hosts/a');
  expect(group.stats().breakers).toBe(0);
});

test('the sums of the group only grow: what was given up stays in them', async () => {
  const { group } = makeGroup({ maxBreakers: 2 });
  await succeed(group.get('a'), 3);
  await fail(group.get('b'), 4);
  for (const key of ['c', 'd', 'e']) await succeed(group.get(key));
  expect(group.stats()).toEqual({
    ...{ breakers: 2, closed: 1, open: 1, halfOpen: 0, isolated: 0, created: 5, evicted: 3 },
    ...{ succeeded: 6, failed: 2, ignored: 0, rejected: 2, slow: 0, late: 0, opened: 1, stateChanges: 1 },
  });
});

test('on() hears all breakers, those to come as well, and of their coming and going', async () => {
  const { group } = makeGroup({ maxBreakers: 1 });
  const seen: unknown[] = [];
  group.on('create', ({ key, name, breaker }) => seen.push(['create', key, name, breaker.state]));
  group.on('evict', ({ key, reason }) => seen.push(['evict', key, reason]));
  const stop = group.on('stateChange', ({ name, to }) => seen.push([name, to]));
  await fail(group.get('a'), 2);
  group.get('b');
  stop();
  await fail(group.get('b'), 2);
  expect(seen).toEqual([
    ['create', 'a', 'hosts/a', 'closed'],
    ['hosts/a', 'open'],
    ['evict', 'a', 'full'],
    ['create', 'b', 'hosts/b', 'closed'],
  ]);
  expect(() => group.on('open' as 'success', () => {})).toThrow('there is no event "open"');
});

test('a listener of one breaker hears that one only', async () => {
  const { group } = makeGroup();
  const one = vi.fn();
  const all = vi.fn();
  group.get('a').on('success', one);
  group.on('success', all);
  await succeed(group.get('a'));
  await succeed(group.get('b'));
  expect(one).toHaveBeenCalledTimes(1);
  expect(all).toHaveBeenCalledTimes(2);
});

test('a listener may ask the group for breakers while one is made or given up', () => {
  const { group } = makeGroup({ maxBreakers: 2 });
  const same: boolean[] = [];
  group.on('create', ({ key, breaker }) => same.push(group.get(key) === breaker));
  group.on('evict', ({ key }) => {
    if (key === 'a') group.get('again');
  });
  for (const key of ['a', 'b', 'c', 'd']) {
    group.get(key);
    expect(group.size).toBeLessThanOrEqual(2);
  }
  expect(same).toEqual([true, true, true, true, true]);
});

test('a breaker that was given up goes on alone, and its changes touch no other of its key', async () => {
  const { group } = makeGroup({ maxBreakers: 1 });
  const old = group.get('a');
  group.get('b');
  group.get('a');
  await fail(old, 2);
  expect(old.state).toBe('open');
  expect(group.get('a').state).toBe('closed');
  expect(group.stats()).toMatchObject({ closed: 1, open: 0 });
});

test('close() turns away who waits, lets calls end, and takes no more', async () => {
  const { group, clock } = makeGroup({ halfOpen: { probes: 1, waiting: {} } });
  const seen: unknown[] = [];
  group.on('stateChange', ({ to }) => seen.push(to));
  group.on('evict', ({ key, reason }) => seen.push([key, reason]));
  const breaker = group.get('a');
  await fail(breaker, 2);
  clock.advance(1_000);
  let answer: (value: string) => void = () => {};
  const probe = group.execute('a', () => new Promise<string>((resolve) => (answer = resolve)));
  const waiting = group.execute('a', async () => 'never');
  expect(breaker.stats().waiting).toBe(1);
  await group.close();
  await group.close();
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_CIRCUIT_OPEN', state: 'isolated' });
  answer('whole');
  expect(await probe).toBe('whole');
  expect(group.size).toBe(0);
  expect(() => group.get('a')).toThrow(expect.objectContaining({ code: 'ERR_CIRCUIT_GROUP_CLOSED' }));
  await expect(group.execute('a', () => 1)).rejects.toMatchObject({ code: 'ERR_CIRCUIT_GROUP_CLOSED' });
  expect(seen).toEqual(['open', 'half-open', ['a', 'group-closed']]);
  expect(group.stats()).toMatchObject({ breakers: 0, created: 1, evicted: 1 });
  await settled();
});

test('a group that is disposed of is closed', async () => {
  const { group } = makeGroup();
  await group[Symbol.asyncDispose]();
  expect(() => group.get('a')).toThrow('CircuitBreakerGroup "hosts" is closed');
});

test('execute keeps the type of what the function returns, and what is no function is rejected', async () => {
  const { group } = makeGroup();
  expectTypeOf(group.execute('a', async () => 42)).toEqualTypeOf<Promise<number>>();
  await expect(group.execute('a', undefined as unknown as () => number)).rejects.toThrow(TypeError);
  await expect(
    group.execute('a', () => {
      throw broken;
    }),
  ).rejects.toBe(broken);
});
