import fc from 'fast-check';
import { Counter, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { Metrics } from '../src/index.js';
import { parseExposition, readValue } from './support/parse-exposition.js';

const labels = ['a', 'b', 'c'] as const;
/** Values made of what clients separate their keys with, so that joined keys would meet soon. */
const value = fc.string({ unit: fc.constantFrom('x', ':', ',', '|', 'b', 'c', '\0', '"'), maxLength: 5 });
const labelSet = fc.record({ a: value, b: value, c: value });

test('the label sets that prom-client merges into one series stay apart', async () => {
  const one = { a: 'x,b:y', b: 'z' };
  const other = { a: 'x', b: 'y,b:z' };

  const register = new Registry();
  const peer = new Counter({
    name: 'peer_total',
    help: 'Peer.',
    labelNames: ['a', 'b'],
    registers: [register],
  });
  peer.inc(one);
  peer.inc(other);
  expect((await peer.get()).values, 'prom-client has been mended: say so in the README').toHaveLength(1);

  const metrics = new Metrics();
  const counter = metrics.counter({ name: 'ours_total', help: 'Ours.', labels: ['a', 'b'] });
  counter.inc(one);
  counter.inc(other);
  const text = await metrics.render();
  expect(readValue(text, 'ours_total', one)).toBe(1);
  expect(readValue(text, 'ours_total', other)).toBe(1);
});

test('any sequence of label sets is counted as a model counts it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(labelSet, { maxLength: 60 }), async (sequence) => {
      const metrics = new Metrics();
      const counter = metrics.counter({ name: 'a_total', help: 'A.', labels });
      const model = new Map<string, number>();
      for (const set of sequence) {
        counter.inc(set);
        const key = JSON.stringify([set.a, set.b, set.c]);
        model.set(key, (model.get(key) ?? 0) + 1);
      }
      const samples = parseExposition(await metrics.render()).get('a_total')?.samples ?? [];
      const read = samples.map(
        ({ labels: { a, b, c }, value }) => [JSON.stringify([a, b, c]), value] as const,
      );
      expect(new Map(read)).toEqual(model);
    }),
  );
});

test('where prom-client does not merge, both count the same', async () => {
  const word = fc.constantFrom('x', 'y', 'GET', '/users/:id', '200', '');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ a: word, b: word, c: word }), { maxLength: 60 }),
      async (sequence) => {
        const metrics = new Metrics();
        const ours = metrics.counter({ name: 'ours_total', help: 'Ours.', labels });
        const peer = new Counter({
          name: 'peer_total',
          help: 'Peer.',
          labelNames: labels,
          registers: [metrics.register],
        });
        for (const set of sequence) {
          ours.inc(set);
          peer.inc(set);
        }
        const read = parseExposition(await metrics.render());
        const of = (name: string) => read.get(name)?.samples.map(({ labels, value }) => ({ labels, value }));
        expect(of('ours_total')).toEqual(of('peer_total'));
      },
    ),
  );
});

test('series that are removed and made again are counted as a model counts them, and give their place back', async () => {
  const step = fc.record({ set: labelSet, remove: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const metrics = new Metrics();
      const counter = metrics.counter({ name: 'a_total', help: 'A.', labels, maxSeries: 80 });
      const model = new Map<string, number>();
      for (const { set, remove } of steps) {
        const key = JSON.stringify([set.a, set.b, set.c]);
        if (remove) {
          expect(counter.remove(set)).toBe(model.delete(key));
        } else {
          counter.inc(set);
          model.set(key, (model.get(key) ?? 0) + 1);
        }
      }
      const samples = parseExposition(await metrics.render()).get('a_total')?.samples ?? [];
      const read = samples.map(
        ({ labels: { a, b, c }, value }) => [JSON.stringify([a, b, c]), value] as const,
      );
      expect(new Map(read)).toEqual(model);
    }),
  );
});

test('200 and "200" are one series; undefined, null and a missing label are the empty string', async () => {
  const metrics = new Metrics();
  const counter = metrics.counter({ name: 'a_total', help: 'A.', labels: ['status'] });
  expect(counter.labels({ status: 200 })).toBe(counter.labels({ status: '200' }));
  expect(counter.labels({ status: 200n })).toBe(counter.labels({ status: '200' }));
  expect(counter.labels({ status: true })).toBe(counter.labels({ status: 'true' }));
  expect(counter.labels({ status: -0 })).toBe(counter.labels({ status: 0 }));
  const empty = counter.labels({ status: '' });
  expect(counter.labels({ status: undefined })).toBe(empty);
  expect(counter.labels({ status: null })).toBe(empty);
  expect(counter.labels({} as { status: string })).toBe(empty);
  empty.inc();
  expect(readValue(await metrics.render(), 'a_total', { status: '' })).toBe(1);
});

test('lone surrogates, which all become the same bytes, are one series', async () => {
  const metrics = new Metrics();
  const counter = metrics.counter({ name: 'a_total', help: 'A.', labels: ['of'] });
  counter.inc({ of: 'x\ud800' });
  counter.inc({ of: 'x\udc00' });
  const bytes = Buffer.from(await metrics.render());
  expect(readValue(bytes.toString(), 'a_total', { of: 'x\ufffd' })).toBe(2);
});
