import type { RedisClient } from './redis-client.js';

interface Corkable {
  cork?(): void;
  uncork?(): void;
}

/**
 * Lets commands that are sent in one go leave in one packet: ioredis makes a system call a command, which takes longer than everything else
 * about it. Nothing waits for it: the packet is closed when the code that runs now, and the promises that it settles, have come to an end.
 * A Cluster has several sockets, and sends as it is used to.
 */
export class Packet {
  readonly #client: RedisClient;
  #corked = false;
  #leaving: { left(): void }[] = [];

  constructor(client: RedisClient) {
    this.#client = client;
  }

  /** To be called before a command is sent. */
  open(): void {
    if (this.#corked) return;
    const { stream } = this.#client as { stream?: Corkable | null };
    if (typeof stream?.cork !== 'function' || typeof stream.uncork !== 'function') return;
    this.#corked = true;
    stream.cork();
    process.nextTick(() => {
      this.#corked = false;
      stream.uncork?.();
      const left = this.#leaving;
      this.#leaving = [];
      for (const command of left) command.left();
    });
  }

  /** After it was sent: it is told when it has left, from when on it may be waited for. */
  add(command: { left(): void }): void {
    if (this.#corked) this.#leaving.push(command);
    else command.left();
  }
}
