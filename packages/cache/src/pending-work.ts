/** What was begun and nobody may be waiting for. */
export class PendingWork {
  readonly #pending = new Set<Promise<unknown>>();

  async track<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work);
    try {
      return await work;
    } finally {
      this.#pending.delete(work);
    }
  }

  /** Resolves when all that is under way has ended, however it ends. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#pending);
  }
}
