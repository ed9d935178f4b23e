import { type ClusterClient, isCluster, type RedisClient } from './redis-client.js';
import { type GuardOptions, RedisGuard } from './redis-guard.js';

type Settings = Omit<GuardOptions, 'ping' | 'silent'>;

/** Where a command goes: in a Cluster its slot, and a key in it. */
export interface Destination {
  readonly slot: number;
  readonly key: string;
}

/** The guards of a cache: one, or in a Cluster one for each master, so that a node that is away costs the others nothing. */
export interface RedisGuards {
  of(destination: Destination): RedisGuard;
}

/** @param slots all that the cache uses in a Cluster */
export function guardsOf(client: RedisClient, options: Settings, slots: readonly number[]): RedisGuards {
  if (isCluster(client)) return new ClusterGuards(client, options, slots);
  const guard = new RedisGuard({ ...options, ping: () => client.ping() });
  return { of: () => guard };
}

/** More nodes than this were never there at once: what is kept of those that went is forgotten. */
const MAX_NODES = 1_024;

class ClusterGuards implements RedisGuards {
  readonly #client: ClusterClient;
  readonly #options: Settings;
  readonly #slots: readonly number[];
  readonly #guards = new Map<string, RedisGuard>();
  readonly #away = new Set<string>();

  constructor(client: ClusterClient, options: Settings, slots: readonly number[]) {
    this.#client = client;
    this.#options = options;
    this.#slots = slots;
  }

  /** Of the master that has the slot now, as far as the client knows: after a failover that is another one. */
  of({ slot, key }: Destination): RedisGuard {
    if (this.#away.size > 0) this.#forgetReplaced();
    const node = this.#masterOf(slot);
    return this.#guards.get(node) ?? this.#add(node, key);
  }

  #masterOf(slot: number): string {
    return this.#client.slots?.[slot]?.[0] ?? 'unknown';
  }

  /** A node that went and whose slots others have now is not waited for. */
  #forgetReplaced(): void {
    const masters = new Set(this.#slots.map((slot) => this.#masterOf(slot)));
    for (const node of this.#away) if (!masters.has(node)) this.#setUp(node);
  }

  #add(node: string, key: string): RedisGuard {
    if (this.#guards.size >= MAX_NODES) {
      this.#guards.clear();
      this.#away.clear();
    }
    const client = this.#client;
    const guard = new RedisGuard({
      ...this.#options,
      name: `${this.#options.name} ${node}`,
      // A Cluster sends a PING anywhere.
      ping: () => client.hmgetBuffer(key, 'sequence'),
      // Perhaps another node has its slots meanwhile, and nobody said so.
      silent: () => client.refreshSlotsCache?.(() => {}),
      listener: {
        away: (error) => this.#setAway(node, error),
        up: () => this.#setUp(node),
      },
    });
    this.#guards.set(node, guard);
    return guard;
  }

  #setAway(node: string, error: unknown): void {
    this.#away.add(node);
    if (this.#away.size === 1) this.#options.listener.away(error);
  }

  #setUp(node: string): void {
    if (this.#away.delete(node) && this.#away.size === 0) this.#options.listener.up();
  }
}
