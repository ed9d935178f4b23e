export type { ActiveFault } from './active-faults.js';
export { createFaultControl, type FaultControl, type FaultControlOptions } from './control/fault-control.js';
export type { CutMethod, Direction } from './fault.js';
export { type Fault, faultTypes, readFault } from './fault-kinds.js';
export { createFaultProxy, type FaultProxy } from './fault-proxy.js';
export { type BandwidthFault, type BandwidthOptions, bandwidth } from './faults/bandwidth.js';
export { type CutFault, type CutOptions, cut } from './faults/cut.js';
export { type CutAfterFault, type CutAfterOptions, cutAfter } from './faults/cut-after.js';
export { type DropFault, type DropOptions, drop } from './faults/drop.js';
export { type GarbageFault, type GarbageOptions, garbage } from './faults/garbage.js';
export { type HttpErrorFault, type HttpErrorOptions, httpError } from './faults/http-error.js';
export { type LatencyFault, type LatencyOptions, latency } from './faults/latency.js';
export { type RefuseFault, refuse } from './faults/refuse.js';
export { type SlowBodyFault, type SlowBodyOptions, slowBody } from './faults/slow-body.js';
export { type SlowCloseFault, type SlowCloseOptions, slowClose } from './faults/slow-close.js';
export { type SlowHeadersFault, type SlowHeadersOptions, slowHeaders } from './faults/slow-headers.js';
export { type StallFault, stall } from './faults/stall.js';
export {
  type TruncatedBodyFault,
  type TruncatedBodyOptions,
  truncatedBody,
} from './faults/truncated-body.js';
export {
  type WrongContentLengthFault,
  type WrongContentLengthOptions,
  wrongContentLength,
} from './faults/wrong-content-length.js';
export type { RequestChoice } from './http/request-choice.js';
export type { AddFaultOptions, FaultProxyOptions } from './options.js';
export { type Frozen, freeze, thaw } from './processes/freeze.js';
export { type Killed, type KillOptions, kill } from './processes/kill.js';
export type { FaultProxyEvents, FaultProxyStats } from './stats.js';
