import { type Clock, type Deadline, type DeadlineQueue, deadlinesOf } from '@mainstay/core';
import { type BusMessage, type Counter, parseEnvelope } from './bus-messages.js';
import { answersPing } from './bus-ping.js';
import { BusStreams } from './bus-streams.js';
import type { RedisSubscriber } from './redis-client.js';

export interface BusOptions {
  /** Makes the connection, not yet connected. It is ours: made when it is first needed and closed with the cache. */
  connect: () => RedisSubscriber | undefined;
  /** In a Cluster: messages come by way of other nodes, and so later than what this node answers. */
  relayed: boolean;
  channels: readonly string[];
  /** The number of the last message of each channel, as Redis counts them; undefined: Redis did not answer. */
  readCounters: () => Promise<ReadonlyMap<string, Counter> | undefined>;
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
/** A server that does not take us in by then is tried anew, in a Cluster perhaps another node. */
const SETTLE_IN_MS = 5_000;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;
/** How often it looks whether a message that is still on its way between nodes has come. */
const CATCH_UP_MS = 5;

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
  readonly #streams = new BusStreams();
  #connection = 0;
  #beating = false;
  #next: Deadline | undefined;
  #lapse: Deadline | undefined;
  #settleIn: Deadline | undefined;
  #retry: Deadline | undefined;
  #failures = 0;
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

  get asleep(): boolean {
    return this.#subscriber === undefined && this.#retry === undefined && !this.#closed;
  }

  /** Somebody reads: connects the first time, and beats again after a pause. */
  wake(): void {
    if (this.#closed || this.#next !== undefined || this.#beating) return;
    if (this.asleep) this.#open();
    if (this.#subscribed) void this.#beat();
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#leave();
  }

  #open(): void {
    const subscriber = this.#options.connect();
    this.#subscriber = subscriber;
    if (subscriber === undefined) {
      this.#tryLater();
      return;
    }
    const isOurs = (): boolean => this.#subscriber === subscriber;
    subscriber.on('error', nothing);
    subscriber.on('connect', () => subscriber.stream?.unref?.());
    subscriber.on('ready', () => isOurs() && this.#subscribe(subscriber));
    subscriber.on('close', () => isOurs() && this.#lost());
    subscriber.on('end', () => isOurs() && this.#leave());
    subscriber.on('message', (channel, text) => isOurs() && this.#receive(channel, text));
    const stuck = (): void => {
      if (isOurs() && !this.#subscribed) this.#leave();
    };
    this.#settleIn = this.#deadlines.add(SETTLE_IN_MS, stuck, { keepAlive: false });
    subscriber.connect().catch(nothing);
  }

  /** For good: the next connection is another one. */
  #leave(): void {
    const subscriber = this.#subscriber;
    this.#subscriber = undefined;
    this.#settleIn?.cancel();
    this.#lost();
    // ioredis would set a timer for a socket that is closed already.
    if (subscriber?.status !== 'end') subscriber?.disconnect();
    if (!this.#closed) this.#tryLater();
  }

  /** By a deadline of ours, which keeps no process alive: ioredis' own timer would, for as long as Redis is away. */
  #tryLater(): void {
    this.#failures += 1;
    const pauseMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * this.#failures);
    this.#retry = this.#deadlines.add(pauseMs, () => this.#tryAgain(), { keepAlive: false });
  }

  #tryAgain(): void {
    this.#retry = undefined;
    if (this.#options.wanted()) this.#open();
  }

  #subscribe(subscriber: RedisSubscriber): void {
    subscriber.subscribe(...this.#options.channels).then(
      () => {
        if (this.#closed || subscriber !== this.#subscriber || subscriber.status !== 'ready') return;
        this.#subscribed = true;
        this.#failures = 0;
        void this.#beat();
      },
      () => {
        if (subscriber === this.#subscriber) this.#leave();
      },
    );
  }

  #receive(channel: string, text: string): void {
    if (this.#streams.empty) this.#subscribed = true;
    const { counter, message } = parseEnvelope(text) ?? {};
    if (counter === undefined) return;
    this.messages += 1;
    if (!this.#streams.hear(channel, counter)) this.#gap();
    if (message !== undefined) this.#options.received(message);
  }

  #gap(): void {
    this.gaps += 1;
    this.#options.distrust();
  }

  #lost(): void {
    this.#connection += 1;
    this.#subscribed = false;
    this.#streams.forget();
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
    const isSame = (): boolean => connection === this.#connection;
    const startedAt = this.#options.clock.now();
    try {
      const sent = await this.#options.readCounters();
      if (sent !== undefined && isSame() && (await this.#pong()) && isSame()) {
        if (this.#options.relayed) await this.#catchUp(sent, isSame);
        if (isSame()) this.#synchronise(sent, startedAt);
      }
    } finally {
      this.#beating = false;
    }
    if (isSame() && !this.#closed) this.#schedule();
    else if (this.#subscribed && !this.#closed) void this.#beat();
  }

  /** In a Cluster the pong may be faster than a message that another node passes on. */
  async #catchUp(sent: ReadonlyMap<string, Counter>, isSame: () => boolean): Promise<void> {
    const until = this.#options.clock.now() + this.#options.timeoutMs;
    while (this.#streams.behind(sent) && isSame() && this.#options.clock.now() < until) {
      await new Promise<void>((resolve) => {
        this.#deadlines.add(CATCH_UP_MS, resolve, { keepAlive: false });
      });
    }
  }

  #synchronise(sent: ReadonlyMap<string, Counter>, startedAt: number): void {
    // Sent before the pong, and not here.
    if (this.#streams.behind(sent)) this.#gap();
    this.#streams.adopt(sent);
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
    const answered = await answersPing(subscriber, this.#deadlines, this.#options.timeoutMs);
    // A subscription that does not answer is dead, whatever the socket says.
    if (!answered && !this.#closed && subscriber === this.#subscriber) this.#leave();
    return answered;
  }
}

function nothing(): void {}
