import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type PeerName, peers } from '../peers.js';
import { traps } from '../traps.js';
import { stopTime } from '../world.js';

beforeEach(stopTime);
afterEach(() => vi.useRealTimers());

for (const { number, title, run, right, others } of traps) {
  test(`${number} ${title}: mainstay is right`, async () => {
    expect(await run(peers.mainstay)).toEqual(right);
  });

  for (const [name, outcome] of Object.entries(others)) {
    const verdict = isDeepStrictEqual(outcome, right) ? 'is right too' : 'is wrong';
    test(`${number} ${title}: ${name} ${verdict}`, async () => {
      expect(await run(peers[name as PeerName])).toEqual(outcome);
    });
  }
}
