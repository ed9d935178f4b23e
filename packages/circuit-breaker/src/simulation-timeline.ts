import type { CircuitState, StateChangeReason } from './types.js';

/** What the callers have seen in one step, each counted in the step in which it came. */
export interface SimulationStep {
  /** When the step begins, in milliseconds since the start. */
  atMs: number;
  /** At the end of the step, as {@link CircuitBreaker.state} has it. */
  state: CircuitState;
  /** Calls that were answered. */
  served: number;
  /** Calls that were made and failed. */
  failed: number;
  /** Calls that were turned away. */
  rejected: number;
  /** How long the callers of the step waited for what they got, on average; those turned away not at all. 0 where nobody came. */
  meanLatencyMs: number;
  /** The longest of them. */
  maxLatencyMs: number;
}

export interface SimulationChange {
  atMs: number;
  from: CircuitState;
  to: CircuitState;
  reason: StateChangeReason;
}

export interface SimulationTotals {
  calls: number;
  served: number;
  failed: number;
  rejected: number;
  /** How many times the circuit opened. */
  opened: number;
  /** What all callers waited, summed. */
  latencyMs: number;
}

const WIDTH = 40;
const mark = { served: '#', failed: 'x', rejected: '.' };

/** What a simulation has shown. Its `toString()` is a picture of it. */
export class SimulationTimeline {
  readonly steps: readonly SimulationStep[];
  readonly changes: readonly SimulationChange[];
  readonly totals: SimulationTotals;

  constructor(
    steps: readonly SimulationStep[],
    changes: readonly SimulationChange[],
    totals: SimulationTotals,
  ) {
    this.steps = steps;
    this.changes = changes;
    this.totals = totals;
  }

  /** A line a step: the state, a bar of what the callers got (`#` served, `x` failed, `.` turned away) and the numbers. */
  toString(): string {
    const most = Math.max(1, ...this.steps.map(callsOf));
    const { calls, served, failed, rejected, opened } = this.totals;
    return [
      `${'at'.padStart(6)}  ${'state'.padEnd(9)}  ${`${mark.served} served  ${mark.failed} failed  ${mark.rejected} turned away`.padEnd(WIDTH)}  served failed  away  mean`,
      ...this.steps.map((step) => lineOf(step, most)),
      `${calls} calls: ${served} served, ${failed} failed, ${rejected} turned away; opened ${opened} ${opened === 1 ? 'time' : 'times'}`,
    ].join('\n');
  }
}

function callsOf({ served, failed, rejected }: SimulationStep): number {
  return served + failed + rejected;
}

function lineOf(step: SimulationStep, most: number): string {
  const { atMs, state, served, failed, rejected, meanLatencyMs } = step;
  const numbers = `${pad(served, 6)} ${pad(failed, 6)} ${pad(rejected, 5)} ${pad(Math.round(meanLatencyMs), 5)} ms`;
  return `${pad(seconds(atMs), 6)}  ${state.padEnd(9)}  ${barOf(step, most).padEnd(WIDTH)}  ${numbers}`;
}

/** Rounded at the borders, so that the bar is as long as its sum; whatever there is at all shows if there is room. */
function barOf({ served, failed, rejected }: SimulationStep, most: number): string {
  const columns = (calls: number): number => Math.round((calls / most) * WIDTH);
  const first = columns(served);
  const second = columns(served + failed);
  const third = columns(served + failed + rejected);
  const bar = [
    mark.served.repeat(first),
    mark.failed.repeat(second - first),
    mark.rejected.repeat(third - second),
  ];
  return bar.join('');
}

function seconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(3))} s`;
}

function pad(value: number | string, width: number): string {
  return String(value).padStart(width);
}
