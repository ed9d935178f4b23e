/** Where things lie in Redis; in a Cluster, where those of one slot lie. */
export class RedisKeys {
  /** Counts the messages of the bus. */
  readonly counter: string;
  /** The version of the whole cache. */
  readonly all: string;
  readonly #prefix: string;

  /** @param hashTag the slot's, in a Cluster */
  constructor(prefix: string, hashTag?: string) {
    this.#prefix = hashTag === undefined ? prefix : `${prefix}{${hashTag}}`;
    this.counter = `${this.#prefix}bus`;
    this.all = `${this.#prefix}all`;
  }

  value(key: string): string {
    return `${this.#prefix}v:${key}`;
  }

  lease(key: string): string {
    return `${this.#prefix}l:${key}`;
  }

  tag(tag: string): string {
    return `${this.#prefix}t:${tag}`;
  }
}
