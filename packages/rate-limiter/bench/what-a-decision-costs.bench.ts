import { question } from '../../../scripts/bench/harness.mjs';
import { bareMap, exhausted, inTurn, keysOf, memoryContestants, tokenBucket } from './contestants.js';

for (const count of [1, 100_000]) {
  const keys = keysOf(count);
  const contestants = {
    'a Map, the clock, a number': bareMap(keys),
    ...memoryContestants(),
    ...(count === 1 ? { 'limiter TokenBucket': tokenBucket() } : {}),
  };
  for (const consume of Object.values(contestants)) for (const key of keys) void consume(key);
  await question({
    title: `in memory, ${count.toLocaleString('en')} ${count === 1 ? 'key' : 'keys in random order'}, allowed`,
    floor: 'a Map, the clock, a number',
    peer: 'rate-limiter-flexible',
    target:
      'with 100,000 keys: consumeSync <= 0.25 and consume <= 0.4 of rate-limiter-flexible, and below the stores',
    iterations: 100_000,
    rounds: 11,
    contestants: Object.fromEntries(
      Object.entries(contestants).map(([name, consume]) => [name, inTurn(consume, keys)]),
    ),
  });
}

const keys = keysOf(100_000);
const { 'mainstay consumeSync': allowed } = memoryContestants();
for (const key of keys) allowed?.(key);
await question({
  title: 'in memory, 100,000 keys in random order, denied',
  peer: 'mainstay consumeSync, allowed',
  target: 'denying costs no more than allowing',
  iterations: 100_000,
  rounds: 11,
  contestants: Object.fromEntries(
    Object.entries({ 'mainstay consumeSync, allowed': allowed ?? (() => {}), ...exhausted(keys) }).map(
      ([name, consume]) => [name, inTurn(consume, keys)],
    ),
  ),
});
process.exit(0);
