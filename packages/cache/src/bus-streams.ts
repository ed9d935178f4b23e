import type { Counter } from './bus-messages.js';

/** What was heard of each channel, against what Redis says it sent. Redis has one channel, a Cluster one for each slot. */
export class BusStreams {
  readonly #heard = new Map<string, Counter>();

  /** @returns whether none was missed before it */
  hear(channel: string, counter: Counter): boolean {
    const last = this.#heard.get(channel);
    this.#heard.set(channel, counter);
    return last === undefined || follows(counter, last);
  }

  /** Whether Redis has sent what was not heard. (Who is further on has heard messages since the count was read.) */
  behind(sent: ReadonlyMap<string, Counter>): boolean {
    for (const [channel, counter] of sent) {
      const last = this.#heard.get(channel);
      if (last !== undefined && (counter.epoch !== last.epoch || counter.sequence > last.sequence))
        return true;
    }
    return false;
  }

  /** Counts on from there, where nothing was heard yet or something was missed. */
  adopt(sent: ReadonlyMap<string, Counter>): void {
    for (const [channel, counter] of sent) {
      const last = this.#heard.get(channel);
      if (last === undefined || counter.epoch !== last.epoch || counter.sequence > last.sequence)
        this.#heard.set(channel, counter);
    }
  }

  forget(): void {
    this.#heard.clear();
  }

  get empty(): boolean {
    return this.#heard.size === 0;
  }
}

function follows(counter: Counter, last: Counter): boolean {
  if (last.sequence === 0) return counter.sequence === 1;
  return counter.epoch === last.epoch && counter.sequence === last.sequence + 1;
}
