import { EventEmitter } from 'node:events';
import { ManualClock } from '@mainstay/core';
import { expect, test } from 'vitest';
import { pauseMs } from '../src/redis/retry-schedule.js';
import { RedisLanes, type RedisLanesOptions } from '../src/redis.js';
import { fate } from './support/things.js';

/** What the lanes ask of a client, for tests of time alone: everything else is tested against the real one. */
class Unreachable extends EventEmitter {
  static dials: number[] = [];
  static clock: ManualClock;
  static reachable = false;
  status = 'wait';

  async connect(): Promise<void> {
    Unreachable.dials.push(Unreachable.clock.now());
    this.status = 'connecting';
    await Promise.resolve();
    if (Unreachable.reachable) {
      this.status = 'ready';
      this.emit('ready');
      return;
    }
    this.emit('error', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    this.lose();
    throw new Error('Connection is closed.');
  }

  lose(): void {
    this.status = 'end';
    this.emit('end');
  }

  disconnect(): void {
    if (this.status !== 'end') this.lose();
  }

  sendCommand(command: { resolve(value: string): void; promise: Promise<unknown> }): Promise<unknown> {
    command.resolve('OK');
    return command.promise;
  }

  get(): Promise<unknown> {
    let settle = { resolve: (_: unknown): void => {}, reject: (_: unknown): void => {} };
    const promise = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    return this.sendCommand({ name: 'get', args: [], promise, ...settle } as never);
  }
}

function unreachable(options: RedisLanesOptions = {}) {
  const clock = new ManualClock();
  Unreachable.dials = [];
  Unreachable.clock = clock;
  Unreachable.reachable = false;
  const lanes = new RedisLanes({ Redis: Unreachable as never, clock, ...options });
  const events: string[] = [];
  lanes.on('down', ({ error }) => events.push(`down: ${(error as Error).message}`));
  lanes.on('up', () => events.push('up'));
  lanes.on('lost', () => events.push('lost'));
  return { lanes, clock, events, dials: Unreachable.dials };
}

/** As the promises of a connect need some turns of their own, time moves in small steps. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) await clock.advanceAsync(Math.min(100, left));
}

test('the pauses are 2, 4, 8, 10, 10 s, then 30 s, each less up to a fifth', () => {
  const settings = { tries: 5, firstMs: 2_000, longestMs: 10_000, downMs: 30_000, giveUp: false };
  const full = [1, 2, 3, 4, 5, 6, 7].map((failures) => pauseMs(settings, failures, 0));
  expect(full).toEqual([2_000, 4_000, 8_000, 10_000, 10_000, 30_000, 30_000]);
  const least = [1, 2, 3, 4, 5, 6].map((failures) => pauseMs(settings, failures, 1));
  expect(least).toEqual([1_600, 3_200, 6_400, 8_000, 8_000, 24_000]);
});

test('five tries, then marked down: event, stats, breaker; commands fail at once, and it is tried slowly on', async () => {
  const { lanes, clock, events, dials } = unreachable();
  await pass(clock, 26_000);
  expect(lanes.state).toBe('retrying');
  await pass(clock, 9_000);
  expect(dials.length).toBe(6);
  const gaps = dials.slice(1).map((at, index) => at - (dials[index] as number));
  for (const [index, full] of [2_000, 4_000, 8_000, 10_000, 10_000].entries()) {
    expect(gaps[index]).toBeLessThanOrEqual(full + 1);
    expect(gaps[index]).toBeGreaterThanOrEqual(full * 0.8 - 1);
  }
  expect(lanes.stats()).toMatchObject({ state: 'down', downs: 1, failures: 6, downForMs: 35_000 });
  expect(lanes.breaker.state).toBe('isolated');
  expect(events).toEqual(['down: connect ECONNREFUSED']);
  await expect(lanes.shared.get('a')).rejects.toMatchObject({
    code: 'ERR_REDIS_DOWN',
    sent: false,
    message: 'Redis "redis": GET was not sent: 6 tries to connect failed',
    cause: { code: 'ECONNREFUSED' },
  });
  await expect(lanes.exclusive.acquire()).rejects.toMatchObject({ code: 'ERR_REDIS_DOWN' });
  await pass(clock, 300_000);
  expect(dials.length).toBeGreaterThanOrEqual(15);
  expect(dials.length).toBeLessThanOrEqual(20);
  expect(events.length).toBe(1);
  Unreachable.reachable = true;
  await pass(clock, 30_000);
  expect(lanes.state).toBe('up');
  expect(events).toEqual(['down: connect ECONNREFUSED', 'up']);
  expect(lanes.breaker.state).toBe('closed');
  expect(await lanes.shared.get('a')).toBe('OK');
  await lanes.close();
});

test('giveUp ends it after the five tries', async () => {
  const { lanes, clock, dials, events } = unreachable({ retry: { giveUp: true } });
  await pass(clock, 600_000);
  expect(dials.length).toBe(6);
  expect(lanes.state).toBe('closed');
  expect(events).toEqual(['down: connect ECONNREFUSED']);
  await expect(lanes.shared.get('a')).rejects.toThrow('6 tries to connect failed, and no more are made');
  expect(clock.pendingTimers).toBeLessThanOrEqual(1);
});

test('commands wait for the connection, as many as offlineQueue allows, as long as their time lasts', async () => {
  const { lanes, clock } = unreachable({ offlineQueue: 2, commandTimeoutMs: 1_000 });
  const waiting = [lanes.shared.get('a'), lanes.shared.get('b')];
  await expect(lanes.shared.get('c')).rejects.toMatchObject({ code: 'ERR_REDIS_OFFLINE', sent: false });
  expect(lanes.stats()).toMatchObject({ parked: 2, refused: 1 });
  expect(await fate(waiting[0] as Promise<unknown>)).toBe('pending');
  clock.advance(1_000);
  for (const one of waiting) {
    await expect(one).rejects.toMatchObject({ code: 'ERR_REDIS_COMMAND_TIMEOUT', sent: false });
  }
  expect(lanes.stats()).toMatchObject({ parked: 0, commandTimeouts: 2 });
  const served = lanes.shared.get('d');
  Unreachable.reachable = true;
  await pass(clock, 1_000);
  expect(await served.catch((error: Error) => error.message)).toBe('OK');
  await lanes.close();
});

test('offlineQueue 0 refuses at once', async () => {
  const { lanes } = unreachable({ offlineQueue: 0 });
  await expect(lanes.shared.get('a')).rejects.toMatchObject({ code: 'ERR_REDIS_OFFLINE' });
  await lanes.close();
});

test('a try that hangs is over after connectTimeoutMs', async () => {
  class Silent extends Unreachable {
    override connect(): Promise<void> {
      Unreachable.dials.push(Unreachable.clock.now());
      this.status = 'connecting';
      return new Promise((_, reject) => this.once('end', () => reject(new Error('Connection is closed.'))));
    }
  }
  const { lanes, clock, dials } = unreachable({ Redis: Silent as never, connectTimeoutMs: 1_000 });
  await pass(clock, 3_100);
  expect(dials.length).toBe(2);
  expect(lanes.stats()).toMatchObject({ state: 'retrying', failures: 1 });
  await lanes.close();
});
