/** Where things lie in Redis. */
export class RedisKeys {
  /** Counts the messages of the bus. */
  readonly counter: string;
  /** The version of the whole cache. */
  readonly all: string;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.counter = `${prefix}bus`;
    this.all = `${prefix}all`;
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

  /** Of the whole cache, then of each tag. */
  versions(tags: readonly string[]): string[] {
    return [this.all, ...tags.map((tag) => this.tag(tag))];
  }
}
