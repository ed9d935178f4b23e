import { type Field, option } from '@mainstay/core';
import type { Backoff } from './backoff.js';
import { assertRange, rangeFields } from './backoff-range.js';
import { decorrelatedJitter } from './decorrelated-jitter.js';

const rangeGroup = option.object(rangeFields);

/** A function, or the range of the decorrelated jitter. */
export const backoffField: Field<Backoff> = {
  read(received, place) {
    if (typeof received === 'function') return received as Backoff;
    const range = rangeGroup.read(received, place);
    assertRange(place.owner, `${place.path}.`, range);
    return decorrelatedJitter(range);
  },
};
