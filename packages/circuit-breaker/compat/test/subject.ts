import { settled } from './world.js';

/** A breaker of any library, as its users see it. */
export interface Subject {
  call(work: (signal?: AbortSignal) => unknown, signal?: AbortSignal): Promise<unknown>;
  readonly state: string;
  onSuccess(listener: () => void): void;
  /** Another one that begins where this one is: what a restart of the process keeps. */
  restored(): Subject;
}

/** When it opens. Each is open for {@link OPEN_MS} and lets one probe through, unless it is said otherwise. */
export type Rule =
  /** After two failures in a row; where a library cannot, after two of which more than half are failures. */
  | 'two failures'
  /** More than half of at least five calls within a second. */
  | 'half of five in a second'
  /** More than half of at least ten calls within ten seconds. */
  | 'half of ten'
  /** Whatever the library does when nothing is asked of it. */
  | 'defaults';

export interface Twins {
  readonly calls: readonly (() => Promise<unknown>)[];
  readonly optionsAreUntouched: boolean;
}

export interface Peer {
  make(rule: Rule): Subject;
  /** Two breakers made of one and the same options; cached where the library caches. */
  twins(work: (name: string) => Promise<string>): Twins;
  /** With a line for callers who come while a probe runs, and a recovery in steps, where the library has them. */
  gentle?(): Subject;
}

export type PeerName = 'opossum 9' | 'cockatiel 3' | 'cockatiel 4' | 'mainstay';

export const OPEN_MS = 1_000;
export const LEASE_MS = 10_000;

export const broken = new Error('the dependency is broken');

/** Calls that are under way until their work is settled; what they come to is swallowed. */
export function under(subject: Subject, work: Promise<unknown>): void {
  subject.call(() => work).catch(() => {});
}

export async function fail(subject: Subject, times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    await subject.call(() => Promise.reject(broken)).catch(() => {});
  }
  await settled();
}
