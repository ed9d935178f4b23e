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
    return this.#prefix + named('v', key);
  }

  lease(key: string): string {
    return this.#prefix + named('l', key);
  }

  tag(tag: string): string {
    return this.#prefix + named('t', tag);
  }
}

/** UTF-8 has no form for half of a surrogate pair, and would make one key of all that differ only in it. */
function named(kind: string, name: string): string {
  return isWellFormed(name) ? `${kind}:${name}` : `${kind}x:${JSON.stringify(name)}`;
}

function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
