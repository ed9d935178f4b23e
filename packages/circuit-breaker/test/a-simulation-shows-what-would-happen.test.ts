import { expect, test, vi } from 'vitest';
import { type CircuitBreakerOptions, simulate, type TrafficPhase } from '../src/index.js';

const outage: TrafficPhase[] = [
  { forMs: 5_000, ratePerSecond: 100, latencyMs: 20 },
  { forMs: 10_000, ratePerSecond: 100, failureRate: 1, latencyMs: 500 },
  { forMs: 15_000, ratePerSecond: 100, latencyMs: 20 },
];
const consecutive = { consecutiveFailures: 5, openMs: 1_000 };

test('the same seed gives the same timeline, another seed another, and no real randomness or time is used', () => {
  const random = vi.spyOn(Math, 'random');
  const clock = vi.spyOn(performance, 'now');
  const first = simulate(consecutive, outage, { seed: 7 });
  expect(random).not.toHaveBeenCalled();
  expect(clock).not.toHaveBeenCalled();
  vi.restoreAllMocks();
  expect(simulate(consecutive, outage, { seed: 7 })).toEqual(first);
  expect(simulate(consecutive, outage, { seed: 8 })).not.toEqual(first);
});

test('the circuit goes through the outage as it would in life', () => {
  const { changes, steps, totals } = simulate(consecutive, outage);
  expect(changes[0]).toMatchObject({ from: 'closed', to: 'open', reason: 'consecutive-failures' });
  // Five failures in a row are there a latency after the outage has begun.
  expect(changes[0]?.atMs).toBeGreaterThan(5_500);
  expect(changes[0]?.atMs).toBeLessThan(5_800);
  expect(changes.at(-1)).toMatchObject({ from: 'half-open', to: 'closed', reason: 'probes-succeeded' });
  expect(changes.at(-1)?.atMs).toBeGreaterThan(15_000);
  expect(steps).toHaveLength(30);
  expect(steps[0]).toMatchObject({
    atMs: 0,
    state: 'closed',
    failed: 0,
    rejected: 0,
    meanLatencyMs: 20,
    maxLatencyMs: 20,
  });
  expect(steps[8]).toMatchObject({ atMs: 8_000, served: 0 });
  expect(steps[29]).toMatchObject({ atMs: 29_000, state: 'closed', rejected: 0 });
  expect(totals.opened).toBe(changes.filter(({ to }) => to === 'open').length);
});

test('every call is counted once, and the totals are the sums of the steps', () => {
  const { steps, totals } = simulate(consecutive, outage);
  const sum = (field: 'served' | 'failed' | 'rejected') => steps.reduce((all, step) => all + step[field], 0);
  expect(totals).toMatchObject({ served: sum('served'), failed: sum('failed'), rejected: sum('rejected') });
  expect(totals.calls).toBe(totals.served + totals.failed + totals.rejected);
  expect(totals.calls).toBeGreaterThan(2_800);
  expect(totals.calls).toBeLessThan(3_200);
  const latency = steps.reduce(
    (all, step) => all + step.meanLatencyMs * (step.served + step.failed + step.rejected),
    0,
  );
  expect(totals.latencyMs).toBeCloseTo(latency);
});

test('different options meet the same traffic, so that their numbers compare', () => {
  const calls = (options: Partial<CircuitBreakerOptions>) =>
    simulate(options, outage).steps.map(({ served, failed, rejected }) => served + failed + rejected);
  const never = { failureThreshold: Infinity };
  expect(calls(consecutive)).toEqual(calls(never));
  expect(simulate(consecutive, outage).totals.failed).toBeLessThan(
    simulate(never, outage).totals.failed / 10,
  );
  expect(simulate(never, outage).totals).toMatchObject({ rejected: 0, opened: 0 });
});

test('the README’s remark holds: by default an outage after much healthy traffic opens nothing for six seconds', () => {
  const health = { forMs: 6_000, ratePerSecond: 50, failureRate: 0.01, latencyMs: 40 };
  const outage = { ...health, failureRate: 0.9, failureLatencyMs: 1_000 };
  const { changes, steps } = simulate({}, [health, outage, health, health], { stepMs: 6_000 });
  expect(changes).toEqual([]);
  expect(steps[0]?.served).toBe(325);
});

test('failures may take longer than answers, and slow calls open the circuit', () => {
  const [step] = simulate({}, [
    { forMs: 1_000, ratePerSecond: 100, failureRate: 0.1, latencyMs: 10, failureLatencyMs: 2_000 },
  ]).steps;
  expect(step?.maxLatencyMs).toBe(2_000);
  expect(step?.meanLatencyMs).toBeGreaterThan(50);
  const slow = simulate({ slowCallMs: 300 }, [{ forMs: 5_000, ratePerSecond: 50, latencyMs: 300 }]);
  expect(slow.changes[0]).toMatchObject({ to: 'open', reason: 'slow-call-rate' });
});

test('a ramp shows as one', () => {
  const options = { ...consecutive, ramp: { steps: [0.1, 0.5], stepMs: 2_000 } };
  const { changes, steps } = simulate(options, outage, { stepMs: 500 });
  const closedAgain = changes.find(({ to }) => to === 'closed')?.atMs ?? 0;
  const inFirst = steps.find(({ atMs }) => atMs > closedAgain - 4_000);
  const inSecond = steps.find(({ atMs }) => atMs > closedAgain - 2_000);
  expect((inFirst?.served ?? 0) / (inFirst?.rejected ?? 0)).toBeCloseTo(0.11, 1);
  expect((inSecond?.served ?? 0) / (inSecond?.rejected ?? 0)).toBeCloseTo(1, 0);
});

test('phases without traffic, of no latency, and steps that do not fit the profile are in order', () => {
  const { steps, totals } = simulate({}, [
    { forMs: 1_500, ratePerSecond: 0 },
    { forMs: 1_000, ratePerSecond: 100, failureRate: 1 },
  ]);
  expect(steps.map(({ atMs }) => atMs)).toEqual([0, 1_000, 2_000]);
  expect(steps[0]).toMatchObject({ served: 0, failed: 0, rejected: 0, meanLatencyMs: 0 });
  expect(totals.failed).toBe(5);
});

test('options of production can be given as they are: name, clock and saved state do not matter, isFailure is not asked', () => {
  const isFailure = vi.fn();
  const clock = { now: vi.fn(), coarseNow: vi.fn(), setTimer: vi.fn() };
  const options = { ...consecutive, name: 'model-a', isFailure, clock };
  expect(simulate(options, outage)).toEqual(simulate(consecutive, outage));
  expect(isFailure).not.toHaveBeenCalled();
  expect(clock.coarseNow).not.toHaveBeenCalled();
  expect(options.clock).toBe(clock);
});

const phase = { forMs: 1_000, ratePerSecond: 1 };

test.each([
  [{}, undefined, {}, 'option "traffic" must be an array of phases'],
  [{}, [], {}, 'option "traffic" must hold at least one phase'],
  [{}, [phase, null], {}, 'traffic[1]'],
  [{}, [{ ...phase, forMs: 0 }], {}, 'simulate: traffic[0]: option "forMs"'],
  [{}, [{ ...phase, ratePerSecond: -1 }], {}, 'option "ratePerSecond"'],
  [{}, [{ ...phase, failureRate: 1.1 }], {}, 'option "failureRate"'],
  [{}, [{ ...phase, latencyMs: Number.NaN }], {}, 'option "latencyMs"'],
  [{}, [{ ...phase, latency: 1 }], {}, 'unknown option "latency"'],
  [{}, [{ forMs: 1e9, ratePerSecond: 1e6 }], {}, 'option "traffic" must be at most 50000000 calls in all'],
  [{}, [{ ...phase, forMs: 1e9 }], {}, 'option "stepMs" must leave at most 100000 steps'],
  [{}, [phase], { stepMs: 0 }, 'option "stepMs"'],
  [{}, [phase], { seed: 0.5 }, 'option "seed"'],
  [{ openMs: 0 }, [phase], {}, 'simulate: option "openMs"'],
  [{ opnMs: 0 }, [phase], {}, 'did you mean "openMs"'],
  [null, [phase], {}, 'simulate: options must be an object'],
])('simulate(%o, %o, %o) is refused', (options, traffic, simulation, message) => {
  const run = () => simulate(options as object, traffic as TrafficPhase[], simulation);
  expect(run).toThrow(message);
});
