import { getEventListeners } from 'node:events';
import { pass, settled } from './world.js';

export type Work = (signal: AbortSignal | undefined) => unknown;

/** Runs the work, guarded as the scenario asks for it. */
export type Guarded = (work: Work, signal?: AbortSignal) => Promise<unknown>;

const TIMEOUT_MS = 10;

/** What the libraries are asked for: the same of each. */
export interface Guards {
  /** A timeout of {@link TIMEOUT_MS}, with a signal for the work. */
  readonly timeout?: (timeoutMs: number) => Guarded;
  /** One call at a time, each answered after {@link TIMEOUT_MS} at the latest. */
  readonly oneAtATime?: (timeoutMs: number) => Guarded;
  /** Three attempts, 150 ms apart. */
  readonly retry?: (delayMs: number) => Guarded;
  /** Answers with what this returns instead of a failure. */
  readonly fallback?: (answer: () => unknown) => Guarded;
}

function needed<Guard>(guard: Guard | undefined): Guard {
  if (guard === undefined) throw new Error('the library has no such guard');
  return guard;
}

const hangsFor = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** How many copies of work that takes longer than its timeout run at the same time, one call after the other. */
export async function copiesAtOnce({ oneAtATime }: Guards): Promise<number> {
  const guarded = needed(oneAtATime)(TIMEOUT_MS);
  let running = 0;
  let most = 0;
  const work = async () => {
    running += 1;
    most = Math.max(most, running);
    await hangsFor(200);
    running -= 1;
  };
  for (let calls = 0; calls < 10; calls += 1) {
    guarded(work).catch(() => {});
    await pass(TIMEOUT_MS);
  }
  await pass(1_000);
  return most;
}

/** A call hangs and is timed out; another is healthy; a third one comes later. */
export async function signalsOfOthers({ timeout }: Guards): Promise<unknown> {
  const guarded = needed(timeout)(TIMEOUT_MS);
  const seen: (boolean | undefined)[] = [];
  const look = async (signal: AbortSignal | undefined) => {
    await hangsFor(TIMEOUT_MS - 2);
    seen.push(signal?.aborted);
  };
  guarded(() => new Promise(() => {})).catch(() => {});
  await pass(TIMEOUT_MS - 5);
  const healthy = guarded(look);
  healthy.catch(() => {});
  await pass(5);
  await pass(3);
  await guarded(async (signal) => seen.push(signal?.aborted)).catch(() => {});
  return { healthy: seen[0] ? 'aborted' : 'left alone', later: seen[1] ? 'aborted' : 'left alone' };
}

/** The caller goes away 20 ms into a wait of 150. */
export async function abortWhileItWaits({ retry }: Guards): Promise<unknown> {
  const guarded = needed(retry)(150);
  const caller = new AbortController();
  let calls = 0;
  let answeredAfterMs: number | undefined;
  const began = Date.now();
  const work = () => {
    calls += 1;
    return Promise.reject(new Error('broken'));
  };
  const answered = () => {
    answeredAfterMs ??= Date.now() - began;
  };
  guarded(work, caller.signal).then(answered, answered);
  await pass(20);
  caller.abort();
  await settled();
  for (let waited = 0; waited < 1_000; waited += 10) await pass(10);
  return { calls, answeredAfterMs };
}

/** Fifty calls at once on the signal of one long-lived caller. */
export async function listenersOfOneSignal({ timeout }: Guards): Promise<unknown> {
  const guarded = needed(timeout)(TIMEOUT_MS);
  const caller = new AbortController();
  const work = () => hangsFor(5);
  const running = Array.from({ length: 50 }, () => guarded(work, caller.signal));
  await settled();
  const meanwhile = getEventListeners(caller.signal, 'abort').length;
  await pass(5);
  await Promise.all(running);
  return { meanwhile, afterwards: getEventListeners(caller.signal, 'abort').length };
}

/** A response whose body is still being read when the call has been answered. */
export async function signalAfterSuccess({ timeout }: Guards): Promise<string> {
  let kept: AbortSignal | undefined;
  const work = async (signal: AbortSignal | undefined) => {
    kept = signal;
    return 'headers';
  };
  await needed(timeout)(TIMEOUT_MS)(work);
  await pass(1_000);
  return kept?.aborted ? 'the body is cut' : 'the body goes on';
}

/** The call fails, and so does what was to stand in for it. */
export async function fallbackFails({ fallback }: Guards): Promise<unknown> {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  const outcomes: { knowsTheCause: boolean }[] = [];
  const first = new Error('the call failed');
  const second = new Error('the fallback failed');
  const throws = () => {
    throw second;
  };
  for (const answer of [throws, () => Promise.reject(second)]) {
    const guarded = needed(fallback)(answer);
    const error = await guarded(() => Promise.reject(first)).catch((thrown: Error) => thrown);
    outcomes.push({ knowsTheCause: error instanceof Error && error.cause === first });
  }
  await settled();
  process.off('unhandledRejection', note);
  return { thrown: outcomes[0], rejected: outcomes[1], unhandled: unhandled.length };
}
