import type { Clock } from '@mainstay/core';
import type { ReadTurn } from './read-batch.js';
import { decodeRecord, type StoredRecord } from './record.js';
import type { RedisClient } from './redis-client.js';
import { UNAVAILABLE } from './redis-guard.js';
import { RedisReading } from './redis-reading.js';
import type { RedisShards } from './redis-shards.js';

interface Place {
  readonly turn: ReadTurn;
  readonly position: number;
}

/** One value that was asked for. */
interface Query {
  readonly turn: ReadTurn;
  readonly position: number;
  readonly tags: readonly string[];
  /** Where the version of each tag will stand. */
  readonly places: readonly Place[];
  readonly startedAt: number;
}

const NO_PLACES: readonly Place[] = [];

/**
 * Reads a value with the versions of its tags: in one MGET, in a Cluster in one for each slot, sent together. That a tag is read a
 * moment before or after its value does no harm: a tag invalidated in between either makes the value a miss, or was invalidated
 * while this read was under way.
 */
export class RedisReader {
  readonly #shards: RedisShards;
  readonly #client: RedisClient;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(shards: RedisShards, options: { client: RedisClient; clock: Clock; timeoutMs: number }) {
    this.#shards = shards;
    this.#client = options.client;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
  }

  /** Undefined: Redis is away. In one round trip if the value carries no other tags than those expected. */
  read(key: string, tags: readonly string[]): Promise<RedisReading | undefined> {
    const home = this.#shards.of(key);
    const { turn } = home.batch;
    const position = turn.add(home.keys.value(key));
    const places = tags.length === 0 ? NO_PLACES : tags.map((tag) => this.#place(tag, turn, home));
    const query = { turn, position, tags, places, startedAt: this.#clock.now() };
    const others = places.filter((place) => place.turn !== turn);
    if (others.length === 0) return turn.answered.then(() => this.#answered(query));
    return Promise.all([turn.answered, ...others.map((place) => place.turn.answered)]).then(() =>
      this.#answered(query),
    );
  }

  #place(tag: string, homeTurn: ReadTurn, home: unknown): Place {
    const shard = this.#shards.of(tag);
    const turn = shard === home ? homeTurn : shard.batch.turn;
    return { turn, position: turn.add(shard.keys.tag(tag)) };
  }

  #answered(query: Query): RedisReading | Promise<RedisReading | undefined> | undefined {
    const { turn, position, places, startedAt } = query;
    const raw = turn.value(position);
    const whole = turn.value(0);
    if (raw === undefined || whole === undefined) return undefined;
    const versions = [whole];
    for (const place of places) {
      const version = place.turn.value(place.position);
      if (version === undefined) return undefined;
      versions.push(version);
    }
    const record = decodeRecord(raw);
    if (record?.tags.length === 0 && record.hasVersion(0, whole))
      return new RedisReading(record, raw, versions, startedAt);
    const reading = (found: StoredRecord | undefined): RedisReading =>
      new RedisReading(found, raw, versions, startedAt);
    if (record === undefined || !record.hasVersion(0, whole)) return reading(undefined);
    const unknown = record.tags.filter((tag) => isUnknown(tag, query));
    if (unknown.length === 0) return reading(holds(record, query.tags, versions) ? record : undefined);
    return this.#versionsOf(unknown, startedAt).then((others) => {
      if (others === undefined) return undefined;
      const tags = [...query.tags, ...record.tags.filter((tag) => !query.tags.includes(tag))];
      const known = tags.map((tag, index) => {
        const later = unknown.indexOf(tag);
        return later < 0 ? (versions[index + 1] ?? null) : (others[later] ?? null);
      });
      return reading(holds(record, tags, [whole, ...known]) ? record : undefined);
    });
  }

  /** A second round trip, within the same timeout. */
  async #versionsOf(tags: readonly string[], startedAt: number): Promise<(Buffer | null)[] | undefined> {
    const remainingMs = Math.max(1, this.#timeoutMs - (this.#clock.now() - startedAt));
    const found = new Map<string, Buffer | null>();
    const groups = [...this.#shards.group(tags)].map(async ([shard, group]) => {
      const keys = group.map((tag) => shard.keys.tag(tag));
      const values = await shard.attempt(() => this.#client.mgetBuffer(...keys), remainingMs);
      if (values === UNAVAILABLE) return false;
      group.forEach((tag, index) => {
        found.set(tag, values[index] ?? null);
      });
      return true;
    });
    if (!(await Promise.all(groups)).every(Boolean)) return undefined;
    return tags.map((tag) => found.get(tag) ?? null);
  }
}

/**
 * A tag that only the value itself names. Or one that lies in another slot and had no version: it is given one just before the first
 * value that carries it is stored, so who read the tag before and the value after that saw half of it.
 */
function isUnknown(tag: string, { tags, places, turn }: Query): boolean {
  const place = places[tags.indexOf(tag)];
  return place === undefined || (place.turn !== turn && place.turn.value(place.position) === null);
}

/** @param versions of the whole cache, then of each of `tags`, among which are all of the record */
function holds(record: StoredRecord, tags: readonly string[], versions: readonly (Buffer | null)[]): boolean {
  return record.tags.every((tag, index) => {
    const known = tags[index] === tag ? index : tags.indexOf(tag);
    return record.hasVersion(index + 1, versions[known + 1]);
  });
}
