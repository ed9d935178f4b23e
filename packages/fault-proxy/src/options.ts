import { type Clock, monotonicClock, option, type ReadOptions } from '@mainstay/core';

export interface FaultProxyOptions {
  /** Where connections are passed on to. `host` defaults to `127.0.0.1`. */
  target: { host?: string; port: number };
  /** The address to listen on. Default `127.0.0.1`: reachable from this machine only. */
  host?: string;
  /** The port to listen on. Default 0: any that is free, to be read from `proxy.port`. */
  port?: number;
  /** For stats and metrics. Default: the target, as `127.0.0.1:6379`. */
  name?: string;
  /** From 0 to 4294967295. What is random comes again with the same seed. Default: a random one, to be read from `proxy.seed`. */
  seed?: number;
  /** Understand HTTP/1.1, so that the HTTP faults can be added. Default false: bytes only. */
  http?: boolean;
  /** How long the target may take to accept a connection, in milliseconds. Default 10,000. */
  connectTimeoutMs?: number;
  /** Connections beyond this many at once are turned away. Default 10,000. */
  maxConnections?: number;
  /** Default: `monotonicClock`. */
  clock?: Clock;
}

export const optionFields = {
  target: option.object({
    host: option.string({ default: '127.0.0.1', maxLength: 253 }),
    port: option.integer({ min: 1, max: 65_535 }),
  }),
  host: option.string({ default: '127.0.0.1', maxLength: 253 }),
  port: option.integer({ min: 0, max: 65_535, default: 0 }),
  name: option.string({ optional: true }),
  seed: option.integer({ min: 0, max: 4_294_967_295, optional: true }),
  http: option.boolean({ default: false }),
  connectTimeoutMs: option.milliseconds({ min: 1, default: 10_000 }),
  maxConnections: option.integer({ min: 1, max: 1_000_000, default: 10_000 }),
  clock: option.instance<Clock>({
    methods: ['now', 'coarseNow', 'setTimer'],
    expected: 'a clock',
    default: monotonicClock,
  }),
};

export type CheckedOptions = ReadOptions<typeof optionFields>;

export interface AddFaultOptions {
  /** Default `both`. Only for faults on bytes and connections. */
  direction?: 'both' | 'to-target' | 'to-client';
  /** How long the fault stays, in milliseconds. Default: until it is removed. */
  forMs?: number;
}

export const addFields = {
  direction: option.oneOf(['both', 'to-target', 'to-client'], { optional: true }),
  forMs: option.milliseconds({ min: 1, optional: true }),
};
