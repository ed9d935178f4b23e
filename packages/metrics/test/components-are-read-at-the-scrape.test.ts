import { hasErrorCode } from '@mainstay/core';
import { expect, test, vi } from 'vitest';
import { type Component, Metrics } from '../src/index.js';
import { parseExposition, readValue } from './support/parse-exposition.js';
import { snapshots } from './support/snapshots.js';

const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});

function component(kind: string, name: string, stats: () => object): Component {
  return { kind, name, stats };
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    for (const code of [
      'ERR_COMPONENT_NAME_TAKEN',
      'ERR_UNKNOWN_COMPONENT_KIND',
      'ERR_TOO_MANY_COMPONENTS',
    ]) {
      if (hasErrorCode(error, code)) return code;
    }
    throw error;
  }
  return undefined;
}

test('every field of every known kind is shown, with its unit turned into the base unit', async () => {
  const metrics = new Metrics();
  for (const [kind, stats] of Object.entries(snapshots)) metrics.watch(component(kind, 'it', () => stats));
  const shown = [...parseExposition(await metrics.render())]
    .filter(([name]) => !name.startsWith('mainstay_metrics_'))
    .flatMap(([name, { type, samples }]) =>
      samples.map(({ labels, value }) => {
        const rest = Object.entries(labels).filter(([label]) => label !== 'name');
        return `${type} ${name} ${rest.map(([label, text]) => `${label}=${text}`).join(' ')} ${value}`;
      }),
    );
  expect(shown).toMatchSnapshot();
});

test('stats() is read once a scrape and not between scrapes', async () => {
  const metrics = new Metrics();
  const stats = vi.fn(() => snapshots.pool);
  metrics.watch(component('pool', 'it', stats));
  expect(stats).toHaveBeenCalledTimes(0);
  await metrics.render();
  expect(stats).toHaveBeenCalledTimes(1);
  await metrics.render();
  expect(stats).toHaveBeenCalledTimes(2);
});

test('a scrape shows what was counted since the one before', async () => {
  const metrics = new Metrics();
  const stats = { ...snapshots['circuit-breaker'] };
  metrics.watch(component('circuit-breaker', 'model-a', () => stats));
  const labels = { name: 'model-a', outcome: 'failed' };
  expect(readValue(await metrics.render(), 'mainstay_circuit_breaker_calls_total', labels)).toBe(3);
  stats.failed = 20;
  stats.state = 'open';
  const text = await metrics.render();
  expect(readValue(text, 'mainstay_circuit_breaker_calls_total', labels)).toBe(20);
  expect(readValue(text, 'mainstay_circuit_breaker_state', { name: 'model-a', state: 'open' })).toBe(1);
  expect(readValue(text, 'mainstay_circuit_breaker_state', { name: 'model-a', state: 'closed' })).toBe(0);
});

test('a component whose stats() throws shows as not up, and breaks neither the scrape nor its siblings', async () => {
  const metrics = new Metrics();
  let broken = true;
  const stats = () => {
    if (broken) throw new Error('no');
    return snapshots.cache;
  };
  metrics.watch(component('cache', 'broken', stats));
  metrics.watch(component('cache', 'sane', () => snapshots.cache));
  metrics.watch(component('pool', 'promise', () => Promise.resolve({})));
  warn.mockClear();
  const text = await metrics.render();
  const up = (name: string, kind = 'cache', of = text) =>
    readValue(of, 'mainstay_component_up', { kind, name });
  expect([up('broken'), up('sane'), up('promise', 'pool')]).toEqual([0, 1, 0]);
  expect(readValue(text, 'mainstay_cache_entries', { name: 'sane' })).toBe(9);
  expect(readValue(text, 'mainstay_cache_entries', { name: 'broken' })).toBeUndefined();
  broken = false;
  const next = await metrics.render();
  expect(up('broken', 'cache', next)).toBe(1);
  expect(readValue(next, 'mainstay_cache_entries', { name: 'broken' })).toBe(9);
  expect(warn.mock.calls.map(([message]) => String(message))).toEqual([
    'stats() of the cache "broken" failed: no; its metrics are left out',
    'stats() of the pool "promise" did not return an object; its metrics are left out',
  ]);
});

test('a field that a component does not have is left out, the others are shown', async () => {
  const metrics = new Metrics();
  metrics.watch(component('pool', 'old', () => ({ idle: 2, max: 'many' })));
  const read = parseExposition(await metrics.render());
  expect(read.get('mainstay_pool_connections')?.samples.map(({ labels }) => labels.state)).toEqual(['idle']);
  expect(read.get('mainstay_pool_max_size')?.samples).toEqual([]);
});

test('two components of one kind and name are an error; of two kinds they are not', () => {
  const metrics = new Metrics();
  metrics.watch(component('pool', 'it', () => snapshots.pool));
  expect(codeOf(() => metrics.watch(component('pool', 'it', () => snapshots.pool)))).toBe(
    'ERR_COMPONENT_NAME_TAKEN',
  );
  expect(codeOf(() => metrics.watch(component('cache', 'it', () => snapshots.cache)))).toBeUndefined();
});

test('after stop() a component is shown no more and its name is free; stop() again does nothing', async () => {
  const metrics = new Metrics();
  const stop = metrics.watch(component('pool', 'it', () => snapshots.pool));
  stop();
  expect(await metrics.render()).not.toContain('mainstay_pool');
  metrics.watch(component('pool', 'it', () => snapshots.pool));
  stop();
  expect(readValue(await metrics.render(), 'mainstay_pool_waiting', { name: 'it' })).toBe(4);
});

test('an unknown kind needs fields, and is shown as they say', async () => {
  const metrics = new Metrics({ prefix: 'shop_' });
  const quota = component('quota', 'free', () => ({
    used: 5,
    granted: 6,
    refused: 7,
    mode: 'hard',
    windowMs: 500,
  }));
  expect(codeOf(() => metrics.watch(quota))).toBe('ERR_UNKNOWN_COMPONENT_KIND');
  const fields = [
    { name: 'quota_used', help: 'Used.', type: 'gauge', field: 'used' },
    { name: 'quota_window_seconds', help: 'Window.', type: 'gauge', field: 'windowMs', scale: 0.001 },
    {
      name: 'quota_calls_total',
      help: 'Calls.',
      type: 'counter',
      label: 'result',
      fields: { granted: 'granted', refused: 'refused' },
    },
    {
      name: 'quota_mode',
      help: 'Mode.',
      type: 'gauge',
      label: 'mode',
      field: 'mode',
      states: ['soft', 'hard'],
    },
  ] as const;
  metrics.watch(quota, { fields });
  metrics.watch(
    component('quota', 'paid', () => ({ used: 8 })),
    { fields },
  );
  const text = await metrics.render();
  expect(readValue(text, 'shop_quota_used', { name: 'free' })).toBe(5);
  expect(readValue(text, 'shop_quota_used', { name: 'paid' })).toBe(8);
  expect(readValue(text, 'shop_quota_window_seconds', { name: 'free' })).toBe(0.5);
  expect(readValue(text, 'shop_quota_calls_total', { name: 'free', result: 'refused' })).toBe(7);
  expect(readValue(text, 'shop_quota_mode', { name: 'free', mode: 'hard' })).toBe(1);
  expect(readValue(text, 'shop_mainstay_component_up', { kind: 'quota', name: 'free' })).toBe(1);
  expect(() =>
    metrics.watch(
      component('quota', 'x', () => ({})),
      { fields: fields.slice(0, 1) },
    ),
  ).toThrow('other "fields"');
});

test('wrong components and wrong fields are refused with a clear message', () => {
  const metrics = new Metrics();
  const stats = () => ({});
  const field = { name: 'x', help: 'X.', type: 'gauge', field: 'x' };
  const wrong: [unknown, unknown?][] = [
    [undefined],
    [{}],
    [{ kind: 'pool', name: '', stats }],
    [{ kind: 'pool', name: 'x' }],
    [component('pool', 'x', stats), { fields: [field] }],
    [component('own', 'x', stats), { fields: [] }],
    [component('own', 'x', stats), { fields: [field, field] }],
    [component('own', 'x', stats), { fields: [{ ...field, type: 'counter' }] }],
    [component('own', 'x', stats), { fields: [{ ...field, type: 'histogram' }] }],
    [component('own', 'x', stats), { fields: [{ ...field, help: '' }] }],
    [component('own', 'x', stats), { fields: [{ ...field, field: undefined }] }],
    [component('own', 'x', stats), { fields: [{ ...field, scale: Number.NaN }] }],
    [component('own', 'x', stats), { fields: [{ ...field, label: 'name', fields: { a: 'a' } }] }],
    [component('own', 'x', stats), { fields: [{ ...field, label: 'state', states: [] }] }],
    [component('own', 'x', stats), { field: [] }],
  ];
  for (const [watched, options] of wrong) {
    expect(
      () => metrics.watch(watched as Component, options as never),
      JSON.stringify([watched, options]),
    ).toThrow(TypeError);
  }
});

test('a kind whose metrics meet a name of the registry is not half added', async () => {
  const metrics = new Metrics();
  metrics.gauge({ name: 'mainstay_pool_waiting', help: 'Mine.' });
  const pool = component('pool', 'it', () => snapshots.pool);
  expect(() => metrics.watch(pool)).toThrow('mainstay_pool_waiting');
  expect(await metrics.render()).not.toContain('mainstay_pool_connections');
  metrics.register.removeSingleMetric('mainstay_pool_waiting');
  expect(() => metrics.watch(pool)).not.toThrow();
});

test('no more than maxSeries components of one kind are watched', () => {
  const metrics = new Metrics({ maxSeries: 2 });
  const watch = (name: string) => metrics.watch(component('pool', name, () => snapshots.pool));
  const stop = watch('a');
  watch('b');
  expect(codeOf(() => watch('c'))).toBe('ERR_TOO_MANY_COMPONENTS');
  stop();
  expect(codeOf(() => watch('c'))).toBeUndefined();
});

test('stop() takes away its own metrics only, not what has come under their names since', async () => {
  const metrics = new Metrics();
  const stop = metrics.watch(component('pool', 'it', () => snapshots.pool));
  metrics.register.removeSingleMetric('mainstay_pool_waiting');
  metrics.gauge({ name: 'mainstay_pool_waiting', help: 'Mine.' }).set(3);
  stop();
  expect(readValue(await metrics.render(), 'mainstay_pool_waiting')).toBe(3);
});
