import type { Clock } from '@mainstay/core';
import type { CircuitBreakerState } from './serialized-state.js';

export interface CircuitBreakerOptions {
  /** Who is guarded: for errors, events and metrics. */
  name: string;
  /**
   * Which completed calls the trip rules judge: those of the last `ms` milliseconds (in `buckets` parts, default 10, forgotten
   * whole), or the last `calls`, however old. Default `{ ms: 30_000, buckets: 10 }`.
   */
  window?: { ms?: number | undefined; buckets?: number | undefined } | { calls: number } | undefined;
  /**
   * Opens at this many failures in the window, while at least `failureRateFloor` of its calls have failed. Default 5, or Infinity
   * (the rule is off) where `failureRateThreshold` or `consecutiveFailures` is given.
   */
  failureThreshold?: number | undefined;
  /** 0 to 1, default 0.5; 0 makes `failureThreshold` a plain count. */
  failureRateFloor?: number | undefined;
  /** Opens when this share of the calls in the window has failed, above 0 to 1, and they are at least `minimumCalls`. Off by default. */
  failureRateThreshold?: number | undefined;
  /** How many completed calls the two rates need. Default 10. */
  minimumCalls?: number | undefined;
  /** Opens after this many failures in a row. Off by default. */
  consecutiveFailures?: number | undefined;
  /** A call that takes this long or longer is slow, whether it succeeds or fails. Off by default; costs two clock readings a call. */
  slowCallMs?: number | undefined;
  /** Opens when this share of at least `minimumCalls` calls was slow, above 0 to 1. Default 0.5 with `slowCallMs`. */
  slowCallRateThreshold?: number | undefined;
  /** How long the circuit stays open before it is tried again, in milliseconds. Default 5,000. */
  openMs?: number | undefined;
  /**
   * The open time grows by `factor` (default 2) each time the circuit opens again without having closed, up to `maxMs` (default
   * 60,000, or `openMs` if that is more), and is shortened at random by up to `jitterRatio` of it (default 0.2), so that
   * the instances of a fleet do not probe at the same moment.
   */
  openBackoff?:
    | { factor?: number | undefined; maxMs?: number | undefined; jitterRatio?: number | undefined }
    | undefined;
  /**
   * The half-open circuit admits `probes` calls (default 3) and closes when `successThreshold` of them (default: more than half)
   * have succeeded; it opens again as soon as they cannot. A probe that has not settled after `leaseMs` (default 60,000; choose
   * more than the slowest healthy call takes) loses its place to the next caller.
   *
   * The other callers are turned away at once. With `waiting` those of `execute` wait, at most `maxQueued` of them (default 100) and
   * `timeoutMs` long (default 1,000), and are let in a few at a time: two for each call that succeeds. Should the circuit open again,
   * all of them are turned away. The signal of `execute` is honoured while they wait; the open circuit itself keeps nobody waiting.
   */
  halfOpen?:
    | {
        probes?: number | undefined;
        successThreshold?: number | undefined;
        leaseMs?: number | undefined;
        waiting?: { maxQueued?: number | undefined; timeoutMs?: number | undefined } | undefined;
      }
    | undefined;
  /**
   * After the probes have succeeded the circuit stays half-open and admits these shares of the traffic (default 0.1, 0.25, 0.5),
   * each for `stepMs` (default 5,000), before it closes. It opens again when the failure rate of a step reaches half of what would
   * open the closed circuit. Off by default.
   */
  ramp?: { steps?: readonly number[] | undefined; stepMs?: number | undefined } | undefined;
  /**
   * Which errors are failures (default: all), and which results (default: none): a function for the errors, or one for each. An
   * error that is no failure is a success of the dependency: it has answered.
   */
  isFailure?: ((error: unknown) => boolean) | FailureJudges | undefined;
  /** What `toJSON()` gave, perhaps in another process. Numbers that are out of range are brought back into it. */
  initialState?: CircuitBreakerState | undefined;
  /** Default: `monotonicClock`. */
  clock?: Clock | undefined;
}

export interface FailureJudges {
  error?: ((error: unknown) => boolean) | undefined;
  /** Results come as they are, `unknown` until you tell their type: `(response: Response) => response.status >= 500`. */
  result?: ResultJudge | undefined;
}

/** Of a method, since only their parameters may be narrower than `unknown`: the breaker does not know what it will guard. */
type ResultJudge = { judge(result: unknown): boolean }['judge'];
