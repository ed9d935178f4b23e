import { ManualClock } from '@mainstay/core';
import { afterEach, expect, test, vi } from 'vitest';
import { chaos } from '../src/chaos.js';
import {
  adaptiveConcurrency,
  bulkhead,
  fallback,
  hedge,
  pipeline,
  retry,
  throttle,
  timeout,
} from '../src/index.js';
import { broken } from './helpers.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const fail = () => Promise.reject(broken);

/** Makes each policy announce something, and says what the call came to. */
const scenes: Record<string, (listener: (payload: { name: string }) => void) => Promise<unknown>> = {
  async retry(listener) {
    const clock = new ManualClock(0);
    const policy = retry({ maxAttempts: 2, clock });
    policy.on('retry', listener);
    policy.on('giveUp', listener);
    const call = policy.execute(fail).catch((error: unknown) => error);
    await clock.advanceAsync(10_000);
    return call;
  },
  async timeout(listener) {
    const clock = new ManualClock(0);
    const policy = timeout({ timeoutMs: 1, clock });
    policy.on('timeout', listener);
    const call = policy.execute(() => new Promise(() => {})).catch((error: { code: string }) => error.code);
    clock.advance(1);
    return call;
  },
  async bulkhead(listener) {
    const policy = bulkhead({ maxConcurrent: 1 });
    policy.on('reject', listener);
    void policy.execute(() => new Promise(() => {}));
    return policy.execute(() => 1).catch((error: { code: string }) => error.code);
  },
  async adaptiveConcurrency(listener) {
    const policy = adaptiveConcurrency({ initialLimit: 1 });
    policy.on('reject', listener);
    void policy.execute(() => new Promise(() => {}));
    return policy.execute(() => 1).catch((error: { code: string }) => error.code);
  },
  async hedge(listener) {
    const clock = new ManualClock(0);
    const policy = hedge({ delayMs: 1, clock });
    policy.on('hedge', listener);
    let made = 0;
    const call = policy.execute(() => (++made === 1 ? new Promise(() => {}) : 'hedged'));
    clock.advance(1);
    return call;
  },
  async fallback(listener) {
    const policy = fallback(() => 'instead');
    policy.on('fallback', listener);
    return policy.execute(fail);
  },
  async throttle(listener) {
    const policy = throttle({ random: () => 0 });
    policy.on('reject', listener);
    await policy.execute(fail).catch(() => {});
    return policy.execute(() => 1).catch((error: { code: string }) => error.code);
  },
  async chaos(listener) {
    const policy = chaos({ enabled: true, outcome: { rate: 1, result: () => 'injected' } });
    policy.on('inject', listener);
    return policy.execute(() => 'real');
  },
};

for (const [name, play] of Object.entries(scenes)) {
  test(`T7: ${name}: a listener that throws, or rejects, changes no result and becomes a warning`, async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const expected = await play(() => {});
    const heard: unknown[] = [];
    expect(
      await play((payload) => {
        heard.push(payload.name);
        throw new Error('a listener with a bug');
      }),
    ).toEqual(expected);
    expect(heard.length).toBeGreaterThan(0);
    expect(warnings).toHaveBeenCalledTimes(heard.length);
    expect(await play(() => Promise.reject(new Error('asynchronously')))).toEqual(expected);
  });
}

test('a listener is removed by what on() returned, also while events are emitted', async () => {
  const policy = fallback(() => 1);
  const heard: string[] = [];
  const removeSecond: (() => void)[] = [];
  policy.on('fallback', () => {
    heard.push('first');
    removeSecond[0]?.();
  });
  removeSecond.push(policy.on('fallback', () => heard.push('second')));
  await policy.execute(fail);
  expect(heard).toEqual(['first']);
});

test('an event that does not exist is a TypeError', () => {
  expect(() => retry().on('retried' as never, () => {})).toThrow(
    'retry: there is no event "retried", only retry, giveUp',
  );
  expect(() => pipeline(retry()).on('retry' as never, () => {})).toThrow('there is no event "retry"');
  expect(() => retry().on('retry', 'x' as never)).toThrow(TypeError);
});
