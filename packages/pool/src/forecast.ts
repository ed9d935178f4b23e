/** Fewer hand-overs than this say nothing about the next one. */
const ENOUGH = 20;
/** After so many milliseconds with a queue (and hand-overs enough), or so many hand-overs, what was seen before counts half. */
const WINDOW_MS = 1_000;
const WINDOW_HANDED = 4_096;

/** How long a caller who joins the queue now will probably wait, from the pace at which the queue has moved lately. */
export class Forecast {
  #handed = 0;
  /** Time during which there was a queue: without one, resources come back and nobody sees how fast. */
  #busyMs = 0;
  #lastAt = 0;

  /** Somebody waits, for the first time after nobody did. */
  begin(now: number): void {
    this.#lastAt = now;
  }

  handedOver(now: number): void {
    this.#handed += 1;
    // One long standstill (a frozen server) must not be held against what comes after it.
    if (now > this.#lastAt) {
      this.#busyMs += Math.min(now - this.#lastAt, WINDOW_MS);
      this.#lastAt = now;
    }
    const enough = this.#busyMs >= WINDOW_MS && this.#handed >= 2 * ENOUGH;
    if (!enough && this.#handed < WINDOW_HANDED) return;
    this.#handed /= 2;
    this.#busyMs /= 2;
  }

  /** @param ahead callers who will be served before, 1 or more. 0: nothing is known */
  waitMs(ahead: number, now: number): number {
    if (this.#handed < ENOUGH) return 0;
    return ((ahead + 1) * (this.#busyMs + Math.max(0, now - this.#lastAt))) / this.#handed;
  }
}
