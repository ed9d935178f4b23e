import { onAbort } from '@mainstay/core';

interface Warmer {
  count: number;
  resolve: () => void;
  reject: (reason: unknown) => void;
  leave: () => void;
}

/** Callers of `warm()` until as many resources are open as they asked for. */
export class Warming {
  readonly #warmers = new Set<Warmer>();

  /** The most that anybody asked for; 0: nobody. */
  get target(): number {
    let target = 0;
    for (const { count } of this.#warmers) target = Math.max(target, count);
    return target;
  }

  until(count: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const warmer: Warmer = { count, resolve, reject, leave: () => {} };
      this.#warmers.add(warmer);
      warmer.leave = onAbort(signal, (reason) => this.#end(warmer, () => reject(reason)));
    });
  }

  /** So many are open now. */
  reached(open: number): void {
    for (const warmer of this.#warmers) if (open >= warmer.count) this.#end(warmer, warmer.resolve);
  }

  failed(error: unknown): void {
    for (const warmer of this.#warmers) this.#end(warmer, () => warmer.reject(error));
  }

  #end(warmer: Warmer, settle: () => void): void {
    this.#warmers.delete(warmer);
    warmer.leave();
    settle();
  }
}
