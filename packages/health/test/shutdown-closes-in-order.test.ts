import { ManualClock } from '@mainstay/core';
import { expect, test, vi } from 'vitest';
import { GracefulShutdown, type GracefulShutdownOptions, HealthChecks } from '../src/index.js';
import { turn } from './helpers.js';

function shutdownFor(options: GracefulShutdownOptions = {}) {
  const clock = new ManualClock();
  const exits: number[] = [];
  const shutdown = new GracefulShutdown({
    clock,
    exit: (code) => {
      exits.push(code);
    },
    log: () => {},
    ...options,
  });
  /** Lets time pass in small steps, so that one deadline can follow another. */
  const pass = async (ms: number, stepMs = 50) => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await turn();
      clock.advance(stepMs);
    }
    await turn();
  };
  return { clock, exits, shutdown, pass };
}

const never = () => new Promise<void>(() => {});

test('readiness turns red first, then the delay passes, then what was opened last is closed first', async () => {
  const health = new HealthChecks();
  const { shutdown, exits, pass } = shutdownFor({ health, preStopDelayMs: 1_000 });
  const order: string[] = [];
  for (const name of ['database', 'cache', 'queue']) {
    shutdown.onClose(name, async () => {
      await turn();
      order.push(name);
    });
  }
  const done = shutdown.shutdown('deploy');
  expect(health.stats().shuttingDown).toBe(true);
  expect(health.live().live).toBe(true);
  await pass(950);
  expect(order).toEqual([]);
  await pass(200);
  const report = await done;
  expect(order).toEqual(['queue', 'cache', 'database']);
  expect(exits).toEqual([0]);
  expect(report).toMatchObject({ reason: 'deploy', exitCode: 0, forced: false, connectionsCut: 0 });
  expect(report.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
    'queue done',
    'cache done',
    'database done',
    'health done',
  ]);
});

test('one that fails, or throws, or hangs is reported, does not stop the rest, and makes the exit code 1', async () => {
  const { shutdown, exits, pass } = shutdownFor({ closeTimeoutMs: 500 });
  const closed = vi.fn();
  shutdown.onClose('first', closed);
  shutdown.onClose('throws', () => {
    throw new Error('redis://:secret@cache is gone');
  });
  shutdown.onClose('rejects', () => Promise.reject(new Error('no')));
  shutdown.onClose('hangs', never);
  const done = shutdown.shutdown();
  await pass(600);
  expect(await done).toMatchObject({
    exitCode: 1,
    forced: false,
    steps: [
      { name: 'hangs', outcome: 'timed-out', durationMs: 500, message: 'not done after 500 ms' },
      { name: 'rejects', outcome: 'failed', message: 'no' },
      { name: 'throws', outcome: 'failed', message: 'redis://***@cache is gone' },
      { name: 'first', outcome: 'done' },
    ],
  });
  expect(closed).toHaveBeenCalledTimes(1);
  expect(exits).toEqual([1]);
});

test('it is idempotent: one shutdown, one report and one exit, however often and by whomever it is asked for', async () => {
  const { shutdown, exits } = shutdownFor();
  const closed = vi.fn();
  shutdown.onClose('database', closed);
  const first = shutdown.shutdown('one');
  const second = shutdown.shutdown('two');
  expect(second).toBe(first);
  expect((await second).reason).toBe('one');
  expect(await shutdown.shutdown('three')).toBe(await first);
  expect(closed).toHaveBeenCalledTimes(1);
  expect(exits).toEqual([0]);
});

test('what is registered while closing is closed too; what was taken off is not', async () => {
  const { shutdown } = shutdownFor();
  const late = vi.fn();
  const removed = vi.fn();
  const takeOff = shutdown.onClose('removed', removed);
  shutdown.onClose('early', () => {
    shutdown.onClose('late', late);
  });
  takeOff();
  takeOff();
  await shutdown.shutdown();
  expect(late).toHaveBeenCalledTimes(1);
  expect(removed).not.toHaveBeenCalled();
});

test('without a server or health there is nobody who must notice, and no delay', async () => {
  const { shutdown, exits } = shutdownFor({ preStopDelayMs: 60_000 });
  await shutdown.shutdown();
  expect(exits).toEqual([0]);
});

test('on SIGINT a person waits at a terminal, and nothing is delayed', async () => {
  const { shutdown, exits } = shutdownFor({ health: new HealthChecks(), preStopDelayMs: 60_000 });
  await shutdown.shutdown('SIGINT');
  expect(exits).toEqual([0]);
});

test('a logger, or a health object, that throws does not stop the shutdown', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const throws = () => {
    throw new Error('disk full');
  };
  const { shutdown, exits } = shutdownFor({
    log: throws,
    health: { markShuttingDown: throws },
    preStopDelayMs: 0,
  });
  await shutdown.shutdown();
  expect(exits).toEqual([0]);
  expect(warned).toHaveBeenCalled();
  warned.mockRestore();
});

test('the first signal begins; another within 200 ms is the same Ctrl-C delivered twice; a later one ends it at once', async () => {
  const { shutdown, exits, pass } = shutdownFor({ signals: ['SIGUSR2'], closeTimeoutMs: 60_000 });
  const skipped = vi.fn();
  shutdown.onClose('skipped', skipped);
  shutdown.onClose('hangs', never);
  shutdown.listen();
  process.emit('SIGUSR2', 'SIGUSR2');
  expect(shutdown.shuttingDown).toBe(true);
  await pass(150);
  process.emit('SIGUSR2', 'SIGUSR2');
  await pass(50);
  expect(exits).toEqual([]);
  process.emit('SIGUSR2', 'SIGUSR2');
  await turn();
  expect(exits).toEqual([1]);
  expect(skipped).not.toHaveBeenCalled();
  expect(await shutdown.shutdown()).toMatchObject({
    reason: 'SIGUSR2',
    forced: true,
    exitCode: 1,
    steps: [{ name: 'hangs', outcome: 'skipped', message: 'forced' }],
  });
});

test('a signal after a shutdown that was asked for by the program forces it', async () => {
  const { shutdown, exits, pass } = shutdownFor({ signals: ['SIGUSR2'], closeTimeoutMs: 60_000 });
  shutdown.onClose('hangs', never);
  shutdown.listen();
  void shutdown.shutdown('config changed');
  await pass(50);
  process.emit('SIGUSR2', 'SIGUSR2');
  await turn();
  expect(exits).toEqual([1]);
});

test('handlers are removed afterwards, and by the function that listen() returns', async () => {
  const before = process.listenerCount('SIGUSR2');
  const { shutdown } = shutdownFor({ signals: ['SIGUSR2'] });
  const stop = shutdown.listen();
  expect(shutdown.listen()).toBe(stop);
  expect(process.listenerCount('SIGUSR2')).toBe(before + 1);
  stop();
  expect(process.listenerCount('SIGUSR2')).toBe(before);
  shutdown.listen();
  await shutdown.shutdown();
  expect(process.listenerCount('SIGUSR2')).toBe(before);
});
