import { ManualClock } from '@mainstay/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bulkhead, type RejectedError } from '../src/index.js';
import { deferred, settled } from './helpers.js';

const MAX_WAIT_MS = 100;

interface Call {
  id: number;
  state: 'running' | 'queued' | 'ended';
  queuedAt: number;
  outcome?: string;
}

/** The plainest words for it: a list of calls, the first `maxConcurrent` of which run. */
class Model {
  now = 0;
  calls: Call[] = [];
  readonly maxConcurrent: number;
  readonly maxQueued: number;

  constructor(maxConcurrent: number, maxQueued: number) {
    this.maxConcurrent = maxConcurrent;
    this.maxQueued = maxQueued;
  }

  in(state: Call['state']): Call[] {
    return this.calls.filter((call) => call.state === state);
  }

  begin(id: number): void {
    const room = this.in('running').length < this.maxConcurrent;
    const waits = !room && this.in('queued').length < this.maxQueued;
    this.calls.push({ id, state: room ? 'running' : waits ? 'queued' : 'ended', queuedAt: this.now });
    if (!room && !waits) this.end(id, 'full');
  }

  end(id: number, outcome: string): void {
    const call = this.calls[id] as Call;
    call.state = 'ended';
    call.outcome = outcome;
    const next = this.in('queued')[0];
    if (next !== undefined && this.in('running').length < this.maxConcurrent) next.state = 'running';
  }

  advance(ms: number): void {
    this.now += ms;
    for (const call of this.in('queued')) {
      if (call.queuedAt + MAX_WAIT_MS <= this.now) this.end(call.id, 'waited-too-long');
    }
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ do: 'begin' as const, which: 0 }) },
  { weight: 3, arbitrary: fc.nat(30).map((which) => ({ do: 'settle' as const, which })) },
  { weight: 1, arbitrary: fc.nat(30).map((which) => ({ do: 'fail' as const, which })) },
  { weight: 1, arbitrary: fc.nat(30).map((which) => ({ do: 'abort' as const, which })) },
  { weight: 1, arbitrary: fc.nat(120).map((which) => ({ do: 'advance' as const, which })) },
);

test('any sequence of calls, answers, failures, aborts and waits goes as the model says', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.nat(4),
      fc.array(step, { maxLength: 60, size: 'max' }),
      async (maxConcurrent, maxQueued, steps) => {
        const clock = new ManualClock(0);
        const guard = bulkhead({ maxConcurrent, maxQueued, maxWaitMs: MAX_WAIT_MS, clock });
        const model = new Model(maxConcurrent, maxQueued);
        const real: {
          controller: AbortController;
          work: ReturnType<typeof deferred<string>>;
          outcome?: string;
          begun: boolean;
        }[] = [];
        for (const { do: what, which } of steps) {
          const running = model.in('running');
          if (what === 'begin') {
            const call: (typeof real)[number] = {
              controller: new AbortController(),
              work: deferred(),
              begun: false,
            };
            model.begin(real.length);
            real.push(call);
            guard
              .execute(
                () => {
                  call.begun = true;
                  return call.work.promise;
                },
                { signal: call.controller.signal },
              )
              .then(
                (value) => {
                  call.outcome = value;
                },
                (error: RejectedError | string) => {
                  call.outcome = typeof error === 'string' ? error : error.reason;
                },
              );
          } else if (what === 'advance') {
            model.advance(which);
            clock.advance(which);
          } else if (what === 'abort') {
            // Only of a call that waits: one that runs keeps its place until its work has ended.
            const queued = model.in('queued');
            const call = queued[which % Math.max(1, queued.length)];
            if (call === undefined) continue;
            model.end(call.id, 'aborted');
            real[call.id]?.controller.abort('aborted');
          } else {
            const call = running[which % Math.max(1, running.length)];
            if (call === undefined) continue;
            model.end(call.id, what === 'settle' ? 'settled' : 'failed');
            if (what === 'settle') real[call.id]?.work.resolve('settled');
            else real[call.id]?.work.reject('failed');
          }
          await settled();
          expect(guard.stats()).toMatchObject({
            running: model.in('running').length,
            queued: model.in('queued').length,
          });
          expect(real.map(({ outcome }) => outcome)).toEqual(model.calls.map(({ outcome }) => outcome));
          for (const { id, state } of model.calls) {
            if (state === 'running') expect(real[id]?.begun).toBe(true);
            if (state === 'queued') expect(real[id]?.begun).toBe(false);
          }
        }
        for (const { outcome } of model.calls) seen.add(outcome ?? 'open');
      },
    ),
    { numRuns: 150 },
  );
  // The model is worth something only if the sequences get everywhere.
  expect([...seen]).toEqual(
    expect.arrayContaining(['settled', 'failed', 'aborted', 'full', 'waited-too-long']),
  );
});

test('a full one turns away at once, with an error that says so', async () => {
  const guard = bulkhead({ name: 'reports', maxConcurrent: 1 });
  guard.execute(() => new Promise(() => {})).catch(() => {});
  const error = await guard.execute(() => 1).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: 'ERR_BULKHEAD_FULL',
    policyName: 'reports',
    reason: 'full',
    message: 'The bulkhead "reports" is full',
  });
  expect(String((error as Error).stack)).not.toContain('\n');
  expect(guard.stats()).toMatchObject({ rejected: 1, running: 1, maxConcurrent: 1 });
});
