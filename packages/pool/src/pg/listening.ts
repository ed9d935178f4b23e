import { EventEmitter } from 'node:events';

/** Whether anybody listens to the events of every loan, as plain fields: `listenerCount` would be half of what a loan costs. */
export interface Listening {
  acquire: boolean;
  release: boolean;
}

/** All of EventEmitter's methods that add or remove a listener; its others call one of these. */
const methods = [
  'on',
  'addListener',
  'prependListener',
  'off',
  'removeListener',
  'removeAllListeners',
] as const;

const known = new WeakMap<EventEmitter, Listening>();

export function listeningTo(emitter: EventEmitter): Listening {
  const listening: Listening = { acquire: false, release: false };
  known.set(emitter, listening);
  recount(emitter);
  return listening;
}

function recount(emitter: EventEmitter): void {
  const listening = known.get(emitter);
  if (listening === undefined) return;
  listening.acquire = emitter.listenerCount('acquire') > 0;
  listening.release = emitter.listenerCount('release') > 0;
}

/** Lets the methods of a class that extends EventEmitter keep those fields. */
export function watchListeners(prototype: EventEmitter): void {
  for (const name of methods) {
    const inherited = EventEmitter.prototype[name] as (...all: unknown[]) => EventEmitter;
    Object.defineProperty(prototype, name, {
      configurable: true,
      writable: true,
      value(this: EventEmitter, ...all: unknown[]) {
        inherited.apply(this, all);
        recount(this);
        return this;
      },
    });
  }
}
