import type { ActiveFault } from './active-faults.js';

/** A snapshot: counters since the start, and gauges of the moment (`open`, `listening`, `faults`). */
export interface FaultProxyStats {
  /** Connections that were accepted. */
  connections: number;
  /** Connections that are open now. */
  open: number;
  /** Attempts to connect to the target. */
  dials: number;
  /** Attempts that failed. */
  dialErrors: number;
  /** Connections that `drop` reset. */
  dropped: number;
  /** Connections that `cut` or `cutAfter` cut. */
  cut: number;
  /** Connections beyond `maxConnections`, turned away. */
  overflowed: number;
  /** Bytes that were passed on to the target. */
  bytesToTarget: number;
  /** Bytes that were passed on to clients. */
  bytesToClient: number;
  /** Requests in the HTTP mode. */
  requests: number;
  /** Requests that at least one fault met. */
  requestsFaulted: number;
  /** Faults that are there now. */
  faults: number;
  /** 1 while new connections are accepted, 0 while they are refused or the proxy is closed. */
  listening: number;
}

export interface FaultProxyEvents {
  /** Accepted, and neither dropped nor turned away. */
  connection: { id: number };
  /** Both ends of a connection are closed. */
  disconnection: { id: number; bytesToTarget: number; bytesToClient: number };
  dialError: { id: number; error: Error };
  faultAdded: { fault: ActiveFault };
  faultRemoved: { fault: ActiveFault };
  /** The port could not be had back after `refuse`; it is tried again until it can. */
  listenError: { error: Error };
}
