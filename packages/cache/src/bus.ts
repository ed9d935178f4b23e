import { type Clock, type Deadline, type DeadlineQueue, deadlinesOf } from '@mainstay/core';
import { type BusMessage, type Counter, parseEnvelope } from './bus-messages.js';
import type { RedisSubscriber } from './redis-client.js';

export interface BusOptions {
  /** Makes the connection, not yet connected. It is ours: made when it is first needed and closed with the cache. */
  connect: () => RedisSubscriber;
  channel: string;
  /** The number of the last message, as Redis counts them; undefined: Redis did not answer. */
  readCounter: () => Promise<Counter | undefined>;
  /** False once the client that the connection was made from has ended for good. */
  wanted: () => boolean;
  /** Grows while the cache is used: a cache that nobody reads beats no heart. */
  activity: () => number;
  timeoutMs: number;
  maxStaleMs: number;
  clock: Clock;
  received: (message: BusMessage) => void;
  /** Messages may have been missed: nothing in memory may be answered before Redis was asked. */
  distrust: () => void;
}

const SHORTEST_BEAT_MS = 50;
const LONGEST_BEAT_MS = 10_000;

/**
 * Hears what other processes change. Redis numbers the messages in the script that makes the change, so a gap shows. A heartbeat
 * asks Redis for the last number and then pings the subscription: the pong comes after every message that was sent before, so a
 * number that is still missing then was lost. Trust lasts `maxStaleMs` from the beginning of the last good heartbeat, so a
 * connection that died silently cannot make memory older than that.
 */
export class Bus {
  gaps = 0;
  messages = 0;
  readonly #options: BusOptions;
  readonly #deadlines: DeadlineQueue;
  readonly #beatMs: number;
  #subscriber: RedisSubscriber | undefined;
  #subscribed = false;
  #trusted = false;
  #base: Counter | undefined;
  #connection = 0;
  #beating = false;
  #next: Deadline | undefined;
  #lapse: Deadline | undefined;
  #seenActivity = -1;
  #closed = false;

  constructor(options: BusOptions) {
    this.#options = options;
    this.#deadlines = deadlinesOf(options.clock);
    this.#beatMs = Math.min(LONGEST_BEAT_MS, Math.max(SHORTEST_BEAT_MS, options.maxStaleMs / 3));
  }

  /** Every message up to now was heard, as of the last heartbeat. */
  get trusted(): boolean {
    return this.#trusted;
  }

  /** Somebody reads: connects the first time, and beats again after a pause. */
  wake(): void {
    if (this.#closed || this.#next !== undefined || this.#beating) return;
    if (this.#subscriber === undefined) this.#open();
    if (this.#subscribed) void this.#beat();
  }

  close(): void {
    this.#closed = true;
    this.#lost();
    this.#subscriber?.disconnect();
    this.#subscriber = undefined;
  }

  #open(): void {
    const subscriber = this.#options.connect();
    this.#subscriber = subscriber;
    subscriber.on('error', nothing);
    subscriber.on('connect', () => subscriber.stream?.unref?.());
    subscriber.on('ready', () => this.#subscribe(subscriber));
    subscriber.on('close', () => this.#lost());
    subscriber.on('message', (_channel, text) => this.#receive(text));
    subscriber.connect().catch(nothing);
  }

  #subscribe(subscriber: RedisSubscriber): void {
    subscriber.subscribe(this.#options.channel).then(
      () => {
        if (this.#closed || subscriber.status !== 'ready') return;
        this.#subscribed = true;
        void this.#beat();
      },
      () => subscriber.disconnect(true),
    );
  }

  #receive(text: string): void {
    if (!this.#subscribed && this.#base === undefined) this.#subscribed = true;
    const envelope = parseEnvelope(text);
    if (envelope === undefined) return;
    this.messages += 1;
    const { counter, message } = envelope;
    if (this.#base !== undefined && !follows(counter, this.#base)) this.#gap();
    this.#base = counter;
    if (message !== undefined) this.#options.received(message);
  }

  #gap(): void {
    this.gaps += 1;
    this.#options.distrust();
  }

  #lost(): void {
    this.#connection += 1;
    this.#subscribed = false;
    this.#base = undefined;
    this.#next?.cancel();
    this.#next = undefined;
    this.#untrust();
  }

  #untrust(): void {
    this.#lapse?.cancel();
    this.#lapse = undefined;
    if (!this.#trusted) return;
    this.#trusted = false;
    this.#gap();
  }

  async #beat(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    this.#seenActivity = this.#options.activity();
    const connection = this.#connection;
    const startedAt = this.#options.clock.now();
    try {
      const counter = await this.#options.readCounter();
      if (counter !== undefined && connection === this.#connection && (await this.#pong())) {
        if (connection === this.#connection) this.#synchronise(counter, startedAt);
      }
    } finally {
      this.#beating = false;
    }
    if (connection === this.#connection && !this.#closed) this.#schedule();
    else if (this.#subscribed && !this.#closed) void this.#beat();
  }

  #synchronise(counter: Counter, startedAt: number): void {
    const base = this.#base;
    if (base !== undefined && (counter.epoch !== base.epoch || counter.sequence > base.sequence)) {
      // Sent before the pong, and not here. (A base that is further on has heard messages since the count was read.)
      this.#gap();
      this.#base = counter;
    }
    this.#base ??= counter;
    const remainingMs = startedAt + this.#options.maxStaleMs - this.#options.clock.now();
    if (remainingMs <= 0) return;
    this.#trusted = true;
    this.#lapse?.cancel();
    this.#lapse = Number.isFinite(remainingMs)
      ? this.#deadlines.add(remainingMs, () => this.#lapsed(), { keepAlive: false })
      : undefined;
  }

  /** Nobody read for a while, or Redis does not answer: no loss, but nothing to rely on either. */
  #lapsed(): void {
    this.#lapse = undefined;
    if (!this.#trusted) return;
    this.#trusted = false;
    this.#options.distrust();
  }

  #schedule(): void {
    this.#next = this.#deadlines.add(this.#beatMs, () => this.#onBeat(), { keepAlive: false });
  }

  #onBeat(): void {
    this.#next = undefined;
    if (!this.#options.wanted()) this.close();
    else if (this.#options.activity() !== this.#seenActivity) void this.#beat();
  }

  async #pong(): Promise<boolean> {
    const subscriber = this.#subscriber;
    if (subscriber === undefined || subscriber.status !== 'ready') return false;
    const answered = await new Promise<boolean>((resolve) => {
      const deadline = this.#deadlines.add(this.#options.timeoutMs, () => setImmediate(resolve, false), {
        keepAlive: false,
      });
      const settle = (value: boolean): void => {
        deadline.cancel();
        resolve(value);
      };
      subscriber.ping().then(
        () => settle(true),
        () => settle(false),
      );
    });
    // A subscription that does not answer is dead, whatever the socket says.
    if (!answered && !this.#closed) subscriber.disconnect(true);
    return answered;
  }
}

function follows(counter: Counter, base: Counter): boolean {
  if (base.sequence === 0) return counter.sequence === 1;
  return counter.epoch === base.epoch && counter.sequence === base.sequence + 1;
}

function nothing(): void {}
