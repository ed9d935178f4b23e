import fc from 'fast-check';
import { expect } from 'vitest';
import { Judge } from '../src/judge.js';
import { readDecisions } from '../src/redis/read-decisions.js';
import { makeScript } from '../src/redis/script.js';
import { decideRequest, readAnswer, rulesText } from '../src/redis/wire.js';
import { Fixed } from '../src/rules/fixed.js';
import { Gcra } from '../src/rules/gcra.js';
import type { Rule } from '../src/rules/rule.js';
import { Strict } from '../src/rules/strict.js';
import { redisTest } from './support/redis.js';

const timed = makeScript('local now = tonumber(KEYS[2])');

const settings = fc.record({
  name: fc.constant('rule'),
  limit: fc.integer({ min: 1, max: 30 }),
  windowMs: fc.integer({ min: 20, max: 5_000 }),
  burst: fc.integer({ min: 1, max: 12 }),
  subWindows: fc.integer({ min: 1, max: 12 }),
});
const rule: fc.Arbitrary<Rule> = fc.oneof(
  settings.map((one) => new Gcra(one)),
  settings.map((one) => new Strict(one)),
  settings.map((one) => new Fixed(one)),
);
const step = fc.record({ afterMs: fc.integer({ min: 0, max: 900 }), cost: fc.integer({ min: 0, max: 7 }) });

redisTest('the script and the memory rules decide alike, step by step', async ({ client }) => {
  const redis = await client();
  let example = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(rule, { minLength: 1, maxLength: 3 }),
      fc.array(step, { minLength: 1, maxLength: 40 }),
      async (rules, steps) => {
        example += 1;
        const judge = new Judge(rules);
        const state = new Float64Array(judge.width);
        let now = 0;
        for (const { afterMs, cost } of steps) {
          now += afterMs;
          const here = judge.decideWeighted(state, 0, now, cost, 1, false);
          const request = decideRequest(rulesText(rules), [cost, 1], 0, undefined, false);
          const reply = await redis.eval(timed.text, 2, `agree:${example}`, now * 1_000, ...request);
          const [there] = readDecisions(rules, readAnswer(reply, [cost, 1], rules), [cost, 1]);
          expect(there).toMatchObject({
            allowed: here.allowed,
            limit: here.limit,
            remaining: here.remaining,
            reason: here.reason,
            policy: here.policy,
          });
          for (const field of ['retryAfterMs', 'resetMs', 'refillMs'] as const) {
            const [one, other] = [there?.[field] ?? Number.NaN, here[field]];
            if (one !== other) expect(Math.abs(one - other)).toBeLessThanOrEqual(1);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});
