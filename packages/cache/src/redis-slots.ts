import slotOf from 'cluster-key-slot';

const SLOTS = 16_384;

/** Which of `count` equal ranges of slots a name falls into. What a key has in braces decides alone, as in Redis itself. */
export function rangeOf(name: string, count: number): number {
  return Math.floor((slotOf(name) * count) / SLOTS);
}

/**
 * For each range the smallest number whose slot lies in it: as a hash tag (`{17}`) it names one slot of each range, so that masters
 * with equal shares of the slots get equal shares of the ranges.
 */
export function hashTags(count: number): string[] {
  const tags: string[] = new Array(count);
  for (let number = 0, found = 0; found < count; number += 1) {
    const range = rangeOf(`${number}`, count);
    if (tags[range] !== undefined) continue;
    tags[range] = `${number}`;
    found += 1;
  }
  return tags;
}

export function slotOfTag(tag: string): number {
  return slotOf(tag);
}
