import { randomBytes } from 'node:crypto';
import { type BusMessage, encodeMessage } from './bus-messages.js';
import { CODEC_TOMBSTONE, newStamp, stampOf } from './record.js';
import type { RedisClient } from './redis-client.js';
import type { RedisKeys } from './redis-keys.js';
import {
  type Announcement,
  claimScript,
  deleteScript,
  invalidateScript,
  keepLeaseScript,
  leaseScript,
  runScript,
  storeScript,
} from './redis-scripts.js';

export interface StoreCommand {
  readonly key: string;
  readonly stamp: Buffer;
  readonly head: Buffer;
  readonly body: Buffer;
  /** Of those that lie in other slots, one after the other. */
  readonly otherVersions: string;
  /** Those that lie in the value's slot. */
  readonly tags: readonly string[];
  /** 0: no end. */
  readonly milliseconds: number;
  /** The stamp that must stand there; '*': whatever. */
  readonly expected: Buffer | string;
  /** Of the whole cache, then of each of `tags`. */
  readonly versions: readonly string[];
  /** '' without a lease. */
  readonly leaseToken: string;
}

/** What a cache says to one place in Redis, one script each: what it changes and what it announces are one command. */
export class RedisCommands {
  readonly #client: RedisClient;
  readonly #keys: RedisKeys;
  readonly #channel: string;
  readonly #tombstoneMs: number;
  readonly #origin: string;

  /** @param origin names this process's messages, which it need not heed itself */
  constructor(client: RedisClient, keys: RedisKeys, channel: string, tombstoneMs: number, origin: string) {
    this.#client = client;
    this.#keys = keys;
    this.#channel = channel;
    this.#tombstoneMs = tombstoneMs;
    this.#origin = origin;
  }

  store(command: StoreCommand): Promise<unknown> {
    const { key, stamp, head, body, otherVersions, milliseconds, expected, versions, leaseToken } = command;
    const tags = command.tags.map((tag) => this.#keys.tag(tag));
    return runScript(
      this.#client,
      storeScript,
      this.#announcement(this.#keysMessage(stamp, [key])),
      [this.#keys.value(key), this.#keys.lease(key), this.#keys.all, ...tags],
      [expected, milliseconds, leaseToken, head, body, otherVersions, ...versions],
    );
  }

  /** The versions of tags that a value in another slot is to carry, for so long. */
  claim(tags: readonly string[], milliseconds: number): Promise<unknown> {
    return runScript(
      this.#client,
      claimScript,
      this.#announcement(undefined),
      tags.map((tag) => this.#keys.tag(tag)),
      [milliseconds],
    );
  }

  remove(keys: readonly string[]): Promise<unknown> {
    const tombstone = newStamp(CODEC_TOMBSTONE);
    const values = keys.map((key) => this.#keys.value(key));
    const leases = keys.map((key) => this.#keys.lease(key));
    return runScript(
      this.#client,
      deleteScript,
      this.#announcement(this.#keysMessage(tombstone, keys)),
      [...values, ...leases],
      [tombstone, this.#tombstoneMs],
    );
  }

  invalidateTags(tags: readonly string[]): Promise<unknown> {
    const message: BusMessage = { kind: 'tags', origin: this.#origin, names: tags };
    return this.#invalidate(
      tags.map((tag) => this.#keys.tag(tag)),
      message,
    );
  }

  invalidateAll(): Promise<unknown> {
    return this.#invalidate([this.#keys.all], { kind: 'all', origin: this.#origin });
  }

  /** 1: granted; 0: held by another; 2: there is another value meanwhile. */
  lease(key: string, stamp: string, token: string, fingerprint: string, ttlMs: number): Promise<unknown> {
    return runScript(
      this.#client,
      leaseScript,
      this.#announcement(undefined),
      [this.#keys.value(key), this.#keys.lease(key)],
      [Buffer.from(stamp, 'latin1'), token, fingerprint, ttlMs],
    );
  }

  /** 0 milliseconds: gives it back, and whoever waits is woken. */
  keepLease(key: string, token: string, milliseconds: number): Promise<unknown> {
    const message: BusMessage = { kind: 'ended', origin: this.#origin, names: [key] };
    return runScript(
      this.#client,
      keepLeaseScript,
      this.#announcement(message),
      [this.#keys.lease(key)],
      [token, milliseconds],
    );
  }

  #invalidate(keys: readonly string[], message: BusMessage): Promise<unknown> {
    return runScript(this.#client, invalidateScript, this.#announcement(message), keys, [this.#tombstoneMs]);
  }

  #keysMessage(stamp: Buffer, names: readonly string[]): BusMessage {
    return { kind: 'keys', origin: this.#origin, stamp: stampOf(stamp), names };
  }

  #announcement(message: BusMessage | undefined): Announcement {
    return {
      counterKey: this.#keys.counter,
      channel: this.#channel,
      nonce: newNonce(),
      message: message === undefined ? '' : encodeMessage(message),
    };
  }
}

/** 16 characters that no other call has. */
export function newNonce(): string {
  return randomBytes(12).toString('base64');
}
