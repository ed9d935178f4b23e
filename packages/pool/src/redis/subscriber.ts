import type { Redis } from 'ioredis';
import type { Link } from './link.js';

/** What a subscription calls. One that throws or rejects is reported as a process warning and stops no other. */
export type MessageListener = (message: string, channel: string) => unknown;

/** Ends a subscription; the last one of a channel tells the server so. */
export type Unsubscribe = () => Promise<void>;

type Kind = 'subscribe' | 'psubscribe';

/**
 * One connection for all subscriptions of the process, opened with the first. After an outage it subscribes to everything
 * again; what was published meanwhile is lost, as always with Redis's channels, and announced by the lanes' event `gap`.
 */
export class Subscriber {
  readonly #link: Link<Redis>;
  readonly #client: Redis;
  readonly #listeners: Record<Kind, Map<string, Set<MessageListener>>> = {
    subscribe: new Map(),
    psubscribe: new Map(),
  };

  constructor(link: Link<Redis>) {
    this.#link = link;
    this.#client = link.client;
    this.#client.on('message', (channel: string, message: string) =>
      this.#dispatch('subscribe', channel, message, channel),
    );
    this.#client.on('pmessage', (pattern: string, channel: string, message: string) =>
      this.#dispatch('psubscribe', pattern, message, channel),
    );
  }

  /** Channels and patterns with a listener. */
  get subscriptions(): number {
    return this.#listeners.subscribe.size + this.#listeners.psubscribe.size;
  }

  /** Resolves when the server has confirmed. @throws TypeError, RedisCommandTimeoutError, RedisDownError, RedisOfflineError */
  subscribe(channel: string, listener: MessageListener): Promise<Unsubscribe> {
    return this.#add('subscribe', channel, listener);
  }

  /** The same for all channels that match the pattern (`news.*`). */
  psubscribe(pattern: string, listener: MessageListener): Promise<Unsubscribe> {
    return this.#add('psubscribe', pattern, listener);
  }

  /** The connection is back: subscribes to everything that somebody listens to. */
  async restore(): Promise<void> {
    for (const kind of ['subscribe', 'psubscribe'] as const) {
      const names = [...this.#listeners[kind].keys()];
      if (names.length > 0) await this.#client[kind](...names);
    }
  }

  async #add(kind: Kind, name: string, listener: MessageListener): Promise<Unsubscribe> {
    if (typeof name !== 'string' || name === '')
      throw new TypeError(`Subscriber.${kind}: the channel must be a string that is not empty`);
    if (typeof listener !== 'function')
      throw new TypeError(`Subscriber.${kind}: the listener must be a function, received ${typeof listener}`);
    // A function of its own, so that the same listener may subscribe twice.
    const own: MessageListener = (message, channel) => listener(message, channel);
    const listeners = this.#listeners[kind].get(name) ?? new Set();
    this.#listeners[kind].set(name, listeners);
    // Before the server confirms: a message may come in the same packet.
    listeners.add(own);
    this.#link.start();
    try {
      await this.#client[kind](name);
    } catch (error) {
      this.#remove(kind, name, own);
      throw error;
    }
    return async () => {
      if (!this.#remove(kind, name, own) || this.#client.status !== 'ready') return;
      await this.#client[kind === 'subscribe' ? 'unsubscribe' : 'punsubscribe'](name);
    };
  }

  /** True: nobody listens to it any more. */
  #remove(kind: Kind, name: string, listener: MessageListener): boolean {
    const listeners = this.#listeners[kind].get(name);
    if (listeners === undefined || !listeners.delete(listener) || listeners.size > 0) return false;
    return this.#listeners[kind].delete(name);
  }

  #dispatch(kind: Kind, name: string, message: string, channel: string): void {
    for (const listener of [...(this.#listeners[kind].get(name) ?? [])]) {
      Promise.resolve()
        .then(() => listener(message, channel))
        .catch((error: unknown) => {
          process.emitWarning(`A listener of the channel "${channel}" threw: ${String(error)}`, {
            type: 'MainstayWarning',
            code: 'MAINSTAY_LISTENER',
          });
        });
    }
  }
}
