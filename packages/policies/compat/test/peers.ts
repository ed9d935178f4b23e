import { CircuitBreaker } from '@mainstay/circuit-breaker';
import {
  bulkhead,
  constantBackoff,
  fallback,
  type Pipeline,
  pipeline,
  retry,
  timeout,
} from '@mainstay/policies';
import * as cockatiel3 from 'cockatiel';
import * as cockatiel4 from 'cockatiel4';
import Opossum from 'opossum';
import { onTestFinished } from 'vitest';
import type { Guarded, Guards, Work } from './scenarios.js';

export type PeerName =
  | 'opossum 9'
  | 'cockatiel 3'
  | 'cockatiel 3, the bulkhead inside'
  | 'cockatiel 4'
  | 'cockatiel 4, the bulkhead inside'
  | 'mainstay'
  | 'mainstay, the bulkhead inside';

type Cockatiel = typeof cockatiel3;

/** It opens for nothing that is done here. */
function opossum(options: Opossum.Options, answer?: () => unknown): Guarded {
  const abortController = new AbortController();
  const breaker = new Opossum((work: Work) => Promise.resolve(work(abortController.signal)), {
    volumeThreshold: 1_000_000,
    abortController,
    ...options,
  });
  if (answer !== undefined) breaker.fallback(answer);
  onTestFinished(() => breaker.shutdown());
  return (work) => breaker.fire(work);
}

interface CockatielPolicy {
  execute(fn: (context: { signal: AbortSignal }) => unknown, signal?: AbortSignal): Promise<unknown>;
}

const throughCockatiel =
  (policy: CockatielPolicy): Guarded =>
  (work, signal) =>
    policy.execute((context) => work(context.signal), signal);

function cockatiel(library: Cockatiel): Guards {
  const limit = (timeoutMs: number) => library.timeout(timeoutMs, library.TimeoutStrategy.Aggressive);
  return {
    timeout: (timeoutMs) => throughCockatiel(limit(timeoutMs)),
    oneAtATime: (timeoutMs) => throughCockatiel(library.wrap(library.bulkhead(1), limit(timeoutMs))),
    retry: (delayMs) => {
      const backoff = new library.ConstantBackoff(delayMs);
      return throughCockatiel(library.retry(library.handleAll, { maxAttempts: 2, backoff }));
    },
    fallback: (answer) => throughCockatiel(library.fallback(library.handleAll, answer)),
  };
}

function cockatielInside(library: Cockatiel): Guards {
  const limit = (timeoutMs: number) => library.timeout(timeoutMs, library.TimeoutStrategy.Aggressive);
  return {
    oneAtATime: (timeoutMs) => throughCockatiel(library.wrap(limit(timeoutMs), library.bulkhead(1))),
  };
}

const through =
  (policy: Pipeline<unknown>): Guarded =>
  (work, signal) =>
    policy.execute((context) => work(context.signal), { signal });

const one = () => bulkhead({ maxConcurrent: 1 });

const fourth = cockatiel4 as unknown as Cockatiel;

export const peers: Record<PeerName, Guards> = {
  'opossum 9': {
    timeout: (timeoutMs) => opossum({ timeout: timeoutMs }),
    oneAtATime: (timeoutMs) => opossum({ timeout: timeoutMs, capacity: 1 }),
    fallback: (answer) => opossum({ timeout: false }, answer),
  },
  'cockatiel 3': cockatiel(cockatiel3),
  'cockatiel 3, the bulkhead inside': cockatielInside(cockatiel3),
  'cockatiel 4': cockatiel(fourth),
  'cockatiel 4, the bulkhead inside': cockatielInside(fourth),
  mainstay: {
    // With a breaker, as opossum has one.
    timeout: (timeoutMs) => through(pipeline(new CircuitBreaker({ name: 'ours' }), timeout({ timeoutMs }))),
    oneAtATime: (timeoutMs) => through(pipeline(one(), timeout({ timeoutMs }))),
    retry: (delayMs) => through(pipeline(retry({ maxAttempts: 3, backoff: constantBackoff(delayMs) }))),
    fallback: (answer) => through(pipeline(fallback(answer))),
  },
  'mainstay, the bulkhead inside': {
    oneAtATime: (timeoutMs) => through(pipeline(timeout({ timeoutMs }), one())),
  },
};
