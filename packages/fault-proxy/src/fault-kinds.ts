import { invalidOption } from '@mainstay/core';
import type { FaultKind, FaultSpec } from './fault.js';
import { type BandwidthFault, bandwidthKind } from './faults/bandwidth.js';
import { type CutFault, cutKind } from './faults/cut.js';
import { type CutAfterFault, cutAfterKind } from './faults/cut-after.js';
import { type DropFault, dropKind } from './faults/drop.js';
import { type GarbageFault, garbageKind } from './faults/garbage.js';
import { type HttpErrorFault, httpErrorKind } from './faults/http-error.js';
import { type LatencyFault, latencyKind } from './faults/latency.js';
import { type RefuseFault, refuseKind } from './faults/refuse.js';
import { type SlowBodyFault, slowBodyKind } from './faults/slow-body.js';
import { type SlowCloseFault, slowCloseKind } from './faults/slow-close.js';
import { type SlowHeadersFault, slowHeadersKind } from './faults/slow-headers.js';
import { type StallFault, stallKind } from './faults/stall.js';
import { type TruncatedBodyFault, truncatedBodyKind } from './faults/truncated-body.js';
import { type WrongContentLengthFault, wrongContentLengthKind } from './faults/wrong-content-length.js';

/** Any fault, as its function makes it: plain data, told apart by `type`. */
export type Fault =
  | LatencyFault
  | BandwidthFault
  | StallFault
  | CutFault
  | SlowCloseFault
  | CutAfterFault
  | RefuseFault
  | DropFault
  | HttpErrorFault
  | GarbageFault
  | SlowHeadersFault
  | SlowBodyFault
  | TruncatedBodyFault
  | WrongContentLengthFault;

const kinds = {
  latency: latencyKind,
  bandwidth: bandwidthKind,
  stall: stallKind,
  cut: cutKind,
  slowClose: slowCloseKind,
  cutAfter: cutAfterKind,
  refuse: refuseKind,
  drop: dropKind,
  httpError: httpErrorKind,
  garbage: garbageKind,
  slowHeaders: slowHeadersKind,
  slowBody: slowBodyKind,
  truncatedBody: truncatedBodyKind,
  wrongContentLength: wrongContentLengthKind,
} satisfies { [Type in Fault['type']]: FaultKind<Extract<Fault, { type: Type }>> };

/** The types of faults that there are. */
export const faultTypes: readonly Fault['type'][] = Object.freeze(Object.keys(kinds) as Fault['type'][]);

/** What the proxy knows about the type of this fault. */
export function kindOf(fault: Fault): FaultKind<FaultSpec> {
  return kinds[fault.type] as unknown as FaultKind<FaultSpec>;
}

/**
 * Checks a fault that came as plain data, `{ type: 'latency', ms: 100 }`, and fills in its defaults.
 * @throws TypeError or RangeError that names what is wrong and what is allowed
 */
export function readFault(received: unknown): Fault {
  if (typeof received !== 'object' || received === null || Array.isArray(received)) {
    throw invalidOption('fault', '', 'must be an object with a "type"', received);
  }
  const { type, ...options } = received as { type?: unknown };
  if (typeof type !== 'string' || !Object.hasOwn(kinds, type)) {
    throw invalidOption('fault', 'type', `must be one of ${faultTypes.join(', ')}`, type);
  }
  return kinds[type as Fault['type']].read(options as never) as Fault;
}
