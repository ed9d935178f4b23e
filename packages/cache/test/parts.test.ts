import fc from 'fast-check';
import { expect, test } from 'vitest';
import { approximateBytes } from '../src/approximate-bytes.js';
import { LoadTokens } from '../src/load-tokens.js';
import { OutageJournal } from '../src/outage-journal.js';
import { CODEC_TOMBSTONE, decodeRecord, encodeHead, newStamp, stampOf } from '../src/record.js';
import { TagInvalidations } from '../src/tag-invalidations.js';

test('property: a record comes back as it was written, and cut anywhere it is a miss', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), fc.uint8Array(), fc.nat(), (tags, body, cut) => {
      const times = { freshUntil: 1.5, staleUntil: 2, expiresAt: Number.POSITIVE_INFINITY };
      const versions = ['all', ...tags].map((_, index) => `c${String(index).padStart(16, '0')}`);
      const stamp = newStamp(1);
      const head = encodeHead(stamp, times, tags);
      const raw = Buffer.concat([head, Buffer.from(versions.join('')), body]);
      const record = decodeRecord(raw);
      expect(record).toMatchObject({ stamp: stampOf(stamp), codec: 1, times, tags, body: Buffer.from(body) });
      versions.forEach((version, index) => {
        const other = Buffer.from(version.replace(/.$/, 'x'));
        expect(record?.hasVersion(index, Buffer.from(version))).toBe(true);
        for (const wrong of [other, null, Buffer.alloc(0)])
          expect(record?.hasVersion(index, wrong)).toBe(false);
      });
      const least = raw.length - body.length;
      expect(decodeRecord(raw.subarray(0, cut % least))).toBeUndefined();
    }),
  );
  expect(decodeRecord(newStamp(CODEC_TOMBSTONE))).toBeUndefined();
  expect(decodeRecord(null)).toBeUndefined();
});

test('tags that were forgotten count as invalidated for all that is older', () => {
  const tags = new TagInvalidations(2);
  const before = tags.sequence;
  for (const tag of ['a', 'b', 'c']) tags.invalidate([tag]);
  expect(tags.holdSince(['a'], before)).toBe(false);
  expect(tags.holdSince(['never touched'], before)).toBe(false);
  expect(tags.holdSince(undefined, before)).toBe(true);
  expect(tags.holdSince(['a'], tags.sequence)).toBe(true);
  expect(tags.holdSince(['c'], tags.sequence - 1)).toBe(false);
});

test('the tokens of a key are revoked together, and nothing is held when they end', () => {
  const tokens = new LoadTokens();
  const [first, second, other] = [tokens.begin('a', 0), tokens.begin('a', 0), tokens.begin('b', 0)];
  tokens.end(first);
  tokens.revoke('a');
  expect([first.current, second.current, other.current]).toEqual([true, false, true]);
  tokens.end(second);
  tokens.revokeAll();
  expect(other.current).toBe(false);
  expect(tokens.size).toBe(0);
});

test('the journal keeps what was noted again, and past its limit that everything has to go', () => {
  const journal = new OutageJournal(3);
  journal.addKey('a');
  journal.addTags(['t']);
  const part = journal.next(10);
  journal.addKey('a');
  journal.acknowledge(part);
  expect(journal.next(10)).toMatchObject({ everything: false, keys: ['a'], tags: [] });
  for (const key of ['b', 'c', 'd']) journal.addKey(key);
  expect(journal.next(10)).toMatchObject({ everything: true, keys: [], tags: [] });
  const all = journal.next(10);
  journal.addKey('later');
  journal.acknowledge(all);
  expect(journal.empty).toBe(false);
  journal.acknowledge(journal.next(10));
  expect(journal.empty).toBe(true);
});

test('property: weighing ends, and more is heavier', () => {
  fc.assert(fc.property(fc.anything(), (value) => approximateBytes(value, 'key') > 0));
  const loop: Record<string, unknown> = { text: 'x' };
  loop.self = loop;
  expect(approximateBytes(loop, 'key')).toBeLessThan(1_000);
  expect(
    approximateBytes(
      Array.from({ length: 100_000 }, () => 1),
      'key',
    ),
  ).toBeGreaterThan(500_000);
  expect(approximateBytes(Buffer.alloc(1_000_000), 'key')).toBeGreaterThan(1_000_000);
});
