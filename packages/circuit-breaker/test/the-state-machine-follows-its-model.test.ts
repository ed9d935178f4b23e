import { ManualClock } from '@mainstay/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CircuitBreaker, type CircuitState, type Permit } from '../src/index.js';

/**
 * The same machine in the plainest words: every completed call of the window is kept, every probe is an object, and an era is
 * the number of changes so far. It knows no tickets, no buckets and no totals.
 */
const limits = {
  ...{ windowMs: 1_000, buckets: 10, failureThreshold: 3, failureRateFloor: 0.5, consecutiveFailures: 4 },
  ...{ openMs: 500, factor: 2, maxMs: 3_000, probes: 3, successThreshold: 2, leaseMs: 700 },
};

interface ModelCall {
  era: number;
  probe: boolean;
  endsAt: number;
}

class Model {
  now = 0;
  state: CircuitState = 'closed';
  era = 0;
  calls: { at: number; failed: boolean }[] = [];
  row = 0;
  trips = 0;
  isolations = 0;
  openUntil = 0;
  probesOut: ModelCall[] = [];
  probeResults: boolean[] = [];
  counts = { succeeded: 0, failed: 0, ignored: 0, rejected: 0, late: 0, opened: 0, stateChanges: 0 };

  get window() {
    const bucketMs = limits.windowMs / limits.buckets;
    const oldest = Math.floor(this.now / bucketMs) - limits.buckets + 1;
    return this.calls.filter((call) => Math.floor(call.at / bucketMs) >= oldest);
  }

  go(state: CircuitState): void {
    this.era += 1;
    if (this.state !== state) this.counts.stateChanges += 1;
    this.state = state;
    this.probesOut = [];
    this.probeResults = [];
    if (state === 'closed') {
      this.calls = [];
      this.row = 0;
      this.trips = 0;
    }
  }

  open(): void {
    this.counts.opened += 1;
    this.openUntil = this.now + Math.min(limits.maxMs, limits.openMs * limits.factor ** this.trips);
    this.trips += 1;
    this.go('open');
  }

  begin(): ModelCall | undefined {
    if (this.state === 'open' && this.now >= this.openUntil) this.go('half-open');
    const call = { era: this.era, probe: this.state === 'half-open', endsAt: this.now + limits.leaseMs };
    if (this.state === 'closed') return call;
    if (this.state === 'half-open') {
      const full = () => this.probesOut.length + this.probeResults.length >= limits.probes;
      if (full()) this.probesOut = this.probesOut.filter((probe) => probe.endsAt > this.now);
      if (!full()) {
        this.probesOut.push(call);
        return call;
      }
    }
    this.counts.rejected += 1;
    return undefined;
  }

  end(call: ModelCall, outcome: 'success' | 'failure' | 'ignored'): void {
    const current = call.era === this.era && (!call.probe || this.probesOut.includes(call));
    if (!current) {
      this.counts.late += 1;
      return;
    }
    this.probesOut = this.probesOut.filter((probe) => probe !== call);
    if (outcome === 'ignored') {
      this.counts.ignored += 1;
      return;
    }
    const failed = outcome === 'failure';
    this.counts[failed ? 'failed' : 'succeeded'] += 1;
    if (call.probe) this.judgeProbes(failed);
    else this.judgeWindow(failed);
  }

  judgeProbes(failed: boolean): void {
    this.probeResults.push(!failed);
    const succeeded = this.probeResults.filter(Boolean).length;
    if (this.probeResults.length - succeeded > limits.probes - limits.successThreshold) this.open();
    else if (succeeded >= limits.successThreshold) this.go('closed');
  }

  judgeWindow(failed: boolean): void {
    this.calls.push({ at: this.now, failed });
    this.row = failed ? this.row + 1 : 0;
    const window = this.window;
    const failures = window.filter((call) => call.failed).length;
    const byCount =
      failures >= limits.failureThreshold && failures / window.length >= limits.failureRateFloor;
    if (failed && (byCount || this.row >= limits.consecutiveFailures)) this.open();
  }
}

interface Real {
  clock: ManualClock;
  breaker: CircuitBreaker;
  running: { permit: Permit; call: ModelCall }[];
}

function compare(model: Model, { breaker }: Real): void {
  const { state, ...stats } = breaker.stats();
  expect(state).toBe(model.state);
  expect(stats).toMatchObject(model.counts);
  expect(stats).toMatchObject({
    windowCalls: model.window.length,
    windowFailures: model.window.filter((call) => call.failed).length,
  });
  const wait = model.state === 'open' ? Math.max(0, model.openUntil - model.now) : 0;
  if (model.state === 'open' || model.state === 'closed') expect(breaker.retryAfterMs).toBe(wait);
}

type Command = fc.Command<Model, Real>;

function command(name: string, run: (model: Model, real: Real) => void): Command {
  return {
    check: () => true,
    run(model, real) {
      run(model, real);
      compare(model, real);
    },
    toString: () => name,
  };
}

const begin = command('begin', (model, real) => {
  const call = model.begin();
  const permit = real.breaker.tryAcquire();
  expect(permit !== undefined).toBe(call !== undefined);
  if (permit && call) real.running.push({ permit, call });
});

const end = (outcome: 'success' | 'failure' | 'ignored', which: number) =>
  command(`end(${outcome}, ${which})`, (model, real) => {
    const [ended] = real.running.splice(which % Math.max(1, real.running.length), 1);
    if (ended === undefined) return;
    model.end(ended.call, outcome);
    if (outcome === 'success') ended.permit.success();
    else if (outcome === 'failure') ended.permit.failure();
    else ended.permit.ignore();
  });

const advance = (ms: number) =>
  command(`advance(${ms})`, (model, real) => {
    model.now += ms;
    real.clock.advance(ms);
  });

const isolate = command('isolate', (model, real) => {
  model.isolations += 1;
  if (model.isolations === 1) model.go('isolated');
  real.breaker.isolate();
});

const release = command('release', (model, real) => {
  if (model.isolations === 1) model.go('closed');
  model.isolations = Math.max(0, model.isolations - 1);
  real.breaker.release();
});

const reset = command('reset', (model, real) => {
  model.isolations = 0;
  model.go('closed');
  real.breaker.reset();
});

const outcome = fc.constantFrom(
  'failure' as const,
  'failure' as const,
  'success' as const,
  'ignored' as const,
);
const commands = fc.commands(
  [
    fc.constant(begin),
    fc.constant(begin),
    fc.tuple(outcome, fc.nat(20)).map(([how, which]) => end(how, which)),
    fc.tuple(outcome, fc.nat(20)).map(([how, which]) => end(how, which)),
    fc.oneof(fc.nat(150), fc.nat(1_500), fc.constantFrom(100, 500, 700, 1_000, 100_000)).map(advance),
    fc.oneof(
      { weight: 10, arbitrary: fc.constant(begin) },
      ...[isolate, release, reset].map((one) => fc.constant(one)),
    ),
  ],
  { size: '+2', maxCommands: 200 },
);

test('any sequence of calls, outcomes, waits, isolations and resets goes as the model says', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(commands, (sequence) => {
      const {
        windowMs: ms,
        buckets,
        failureThreshold,
        failureRateFloor,
        consecutiveFailures,
        openMs,
      } = limits;
      const { factor, maxMs, probes, successThreshold, leaseMs } = limits;
      const clock = new ManualClock();
      const breaker = new CircuitBreaker({
        name: 'model',
        window: { ms, buckets },
        ...{ failureThreshold, failureRateFloor, consecutiveFailures, openMs, clock },
        openBackoff: { factor, maxMs, jitterRatio: 0 },
        halfOpen: { probes, successThreshold, leaseMs },
      });
      breaker.on('stateChange', ({ from, to, reason }) => seen.add(`${from} -> ${to}: ${reason}`));
      fc.modelRun(() => ({ model: new Model(), real: { clock, breaker, running: [] } }), sequence);
    }),
    { numRuns: 1_000 },
  );
  // The model is worth something only if the sequences get everywhere.
  for (const path of ['open -> half-open: open-time-over', 'half-open -> closed: probes-succeeded']) {
    expect([...seen]).toContain(path);
  }
  expect([...seen]).toContain('half-open -> open: probes-failed');
  expect([...seen]).toContain('closed -> open: failure-count');
});
