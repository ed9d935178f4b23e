import { readOptions } from '@mainstay/core';
import type { FaultKind, FaultSpec } from '../fault.js';

export interface RefuseFault extends FaultSpec {
  readonly type: 'refuse';
}

/**
 * New connections are refused as by a server that is down (ECONNREFUSED): the proxy stops listening. Open ones stay. When the
 * fault is removed, it listens on the same port again.
 */
export function refuse(options?: Record<never, never>): RefuseFault {
  return Object.freeze({ type: 'refuse', ...readOptions('refuse', options, {}) });
}

export const refuseKind: FaultKind<RefuseFault> = {
  type: 'refuse',
  read: refuse,
  effect: { layer: 'listener' },
};
