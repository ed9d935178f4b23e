import { AsyncLocalStorage } from 'node:async_hooks';

/** Where a resource was asked for. The stack is formatted when it is read, which is most of its cost. */
export type Trace = { readonly stack?: string };

/** What is known of one loan: where it was asked for, and which loan of the same async context it is nested in. */
export class Holding {
  /** The pool, and the resource's record in it by a number of its own: for comparison only. */
  readonly owner: object;
  readonly serial: number;
  /** Until the resource is given back. */
  live = true;
  /** The loan in whose async context this one was first used. */
  outer: Holding | undefined = undefined;
  entered = false;
  /** It was reported as a suspected leak. */
  suspected = false;
  trace: Trace | undefined = undefined;
  /** Kept until it is handed to the finalization registry. */
  #lease: object | undefined = undefined;
  #watched = false;
  /** Called when the lease was collected without being given back. */
  #reclaim: (() => void) | undefined;

  constructor(owner: object, serial: number, reclaim: () => void) {
    this.owner = owner;
    this.serial = serial;
    this.#reclaim = reclaim;
  }

  /** Marks the present async context, and all that it goes on to start, as the holder's. */
  enter(): void {
    if (this.entered) return;
    this.entered = true;
    this.outer = heldHere();
    marked = true;
    contexts.enterWith(this);
  }

  keep(lease: object): void {
    if (!this.#watched) this.#lease = lease;
  }

  /** From now on the lease may be collected, and is missed then. */
  watch(): void {
    if (this.#watched || this.#lease === undefined) return;
    this.#watched = true;
    collected.register(this.#lease, this, this);
    this.#lease = undefined;
  }

  /** Contexts that outlive the loan keep this object: it must not keep the resource. */
  end(): void {
    this.live = false;
    this.trace = undefined;
    this.#lease = undefined;
    this.#reclaim = undefined;
    if (this.#watched) collected.unregister(this);
  }

  missed(): void {
    this.#reclaim?.();
  }
}

const contexts = new AsyncLocalStorage<Holding | undefined>();
/** Before the first mark nobody asks: on older Nodes the first use makes every promise of the process a little dearer. */
let marked = false;

const collected = new FinalizationRegistry<Holding>((holding) => holding.missed());

/** The innermost loan that the present async context holds, of whatever pool. */
export function heldHere(): Holding | undefined {
  if (!marked) return undefined;
  let holding = contexts.getStore();
  while (holding !== undefined && !holding.live) holding = holding.outer;
  return holding;
}

/** What the present async context was marked with last, be it over or not. */
export const markHere = (): Holding | undefined => (marked ? contexts.getStore() : undefined);

/**
 * Whether the present async context is that of somebody who held the same resource before, and has given it back, while
 * the present holder is known and is somebody else.
 * @param origin the mark of the context that asked for the present loan: one may hold the same resource twice in a row
 */
export function gaveBackHere(present: Holding, origin: Holding | undefined): boolean {
  if (!present.entered) return false;
  const here = contexts.getStore();
  if (here === undefined || here === origin || here.live) return false;
  return here.owner === present.owner && here.serial === present.serial;
}

/** The loans of one pool among a loan and those it is nested in. */
export function heldOf(owner: object, innermost: Holding | undefined): Holding[] {
  const held: Holding[] = [];
  for (let holding = innermost; holding !== undefined; holding = holding.outer) {
    if (holding.live && holding.owner === owner) held.push(holding);
  }
  return held;
}

type Called = (...parameters: never[]) => unknown;

let adapter: Called | undefined;

/** For adapters: stacks of what `fn` asks for at once begin above them, and not with them. */
export function onBehalfOf<T>(entrance: Called, fn: () => T): T {
  adapter = entrance;
  try {
    return fn();
  } finally {
    adapter = undefined;
  }
}

/** The stack above a function of the pool. */
export function traceAbove(own: Called): Trace {
  const trace: { stack?: string } = {};
  Error.captureStackTrace(trace, adapter ?? own);
  return trace;
}

/** The lines of a stack, without its heading. */
export const linesOf = (trace: Trace | undefined): string | undefined =>
  trace?.stack?.split('\n').slice(1).join('\n') || undefined;
