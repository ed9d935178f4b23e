import { callIsolated } from './isolation.js';

interface Waiter {
  callback: (reason: unknown) => void;
  /** Undefined once it has left. */
  fanOut: FanOut | undefined;
  previous: Waiter | undefined;
  next: Waiter | undefined;
}

const fanOuts = new WeakMap<AbortSignal, FanOut>();

/** The one listener of a signal, and the callbacks that share it. */
class FanOut {
  readonly #signal: AbortSignal;
  #first: Waiter | undefined;
  #last: Waiter | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this, { once: true });
  }

  /** Called by the signal. */
  handleEvent(): void {
    fanOuts.delete(this.#signal);
    const reason: unknown = this.#signal.reason;
    for (let waiter = this.#first; waiter !== undefined; waiter = this.#first) {
      this.#unlink(waiter);
      callIsolated(waiter.callback, reason, 'MAINSTAY_CALLBACK', 'A callback of an abort signal');
    }
  }

  enter(callback: (reason: unknown) => void): Waiter {
    const waiter: Waiter = { callback, fanOut: this, previous: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    return waiter;
  }

  leave(waiter: Waiter): void {
    this.#unlink(waiter);
    if (this.#first === undefined && fanOuts.get(this.#signal) === this) {
      fanOuts.delete(this.#signal);
      this.#signal.removeEventListener('abort', this);
    }
  }

  #unlink(waiter: Waiter): void {
    if (waiter.previous === undefined) this.#first = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === undefined) this.#last = waiter.previous;
    else waiter.next.previous = waiter.previous;
    waiter.previous = undefined;
    waiter.next = undefined;
    waiter.fanOut = undefined;
  }
}

const nothing = (): void => {};

/**
 * Calls back once when the signal is aborted, at once and synchronously if it already is.
 *
 * However many callbacks wait on a signal, it has one real listener, which is removed when the last of them leaves. They are
 * called in the order they came; one that is removed meanwhile is not called; what one throws is reported as a process
 * warning with the code `MAINSTAY_CALLBACK` and stops no other.
 * @returns removes the callback; further calls do nothing
 */
export function onAbort(signal: AbortSignal | undefined, callback: (reason: unknown) => void): () => void {
  if (signal === undefined) return nothing;
  if (signal.aborted) {
    callIsolated(callback, signal.reason, 'MAINSTAY_CALLBACK', 'A callback of an abort signal');
    return nothing;
  }
  let fanOut = fanOuts.get(signal);
  if (fanOut === undefined) {
    fanOut = new FanOut(signal);
    fanOuts.set(signal, fanOut);
  }
  const waiter = fanOut.enter(callback);
  return () => {
    waiter.fanOut?.leave(waiter);
    waiter.callback = nothing;
  };
}

/** Throws the signal's reason if there is a signal and it is aborted. */
export function throwIfAborted(signal?: AbortSignal): void {
  if (signal?.aborted) throw signal.reason;
}

/**
 * The promise's result, or a rejection with the signal's reason, whichever comes first. The listener is removed either way,
 * and a result or rejection that comes late is swallowed. The work behind the promise is not stopped by this.
 */
export function abortable<T>(promise: PromiseLike<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return Promise.resolve(promise);
  return new Promise<T>((resolve, reject) => {
    const leave = onAbort(signal, reject);
    promise.then(
      (value) => {
        leave();
        resolve(value);
      },
      (error: unknown) => {
        leave();
        reject(error);
      },
    );
  });
}
