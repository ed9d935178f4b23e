/** Held by whatever may write a value that it began to fetch earlier. */
export interface LoadToken {
  readonly key: string;
  /** The sequence of tag invalidations at which it began. */
  readonly sequence: number;
  /** False as soon as the key was deleted, set or cleared: what the holder brings must not be stored. */
  current: boolean;
}

/**
 * Fences inside one process: whoever changes a key revokes the tokens of all loads and reads that began before, so that a late
 * result never overwrites a newer decision. The idea is that of the leases in "Scaling Memcache at Facebook" (NSDI 2013).
 * Costs nothing on a hit; holds no more than what is in flight.
 */
export class LoadTokens {
  /** Most keys have one at a time, which needs no Set. */
  readonly #tokens = new Map<string, LoadToken | Set<LoadToken>>();

  begin(key: string, sequence: number): LoadToken {
    const token: LoadToken = { key, sequence, current: true };
    const others = this.#tokens.get(key);
    if (others === undefined) this.#tokens.set(key, token);
    else if (others instanceof Set) others.add(token);
    else this.#tokens.set(key, new Set([others, token]));
    return token;
  }

  end(token: LoadToken): void {
    const tokens = this.#tokens.get(token.key);
    if (tokens === token) this.#tokens.delete(token.key);
    else if (tokens instanceof Set && tokens.delete(token) && tokens.size === 0)
      this.#tokens.delete(token.key);
  }

  revoke(key: string): void {
    const tokens = this.#tokens.get(key);
    if (tokens === undefined) return;
    revokeThem(tokens);
    this.#tokens.delete(key);
  }

  revokeAll(): void {
    for (const tokens of this.#tokens.values()) revokeThem(tokens);
    this.#tokens.clear();
  }

  get size(): number {
    return this.#tokens.size;
  }
}

function revokeThem(tokens: LoadToken | Set<LoadToken>): void {
  if (!(tokens instanceof Set)) tokens.current = false;
  else for (const token of tokens) token.current = false;
}
