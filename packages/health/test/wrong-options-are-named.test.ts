import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { expect, expectTypeOf, test } from 'vitest';
import {
  type CheckOptions,
  GracefulShutdown,
  HealthChecks,
  type HealthReport,
  nodeHandler,
  type ServerLike,
} from '../src/index.js';

const run = () => {};
const unchecked = <Wanted>(value: unknown) => value as Wanted;

test.each<[unknown, ErrorConstructor, string]>([
  [{ nam: 'x' }, TypeError, 'did you mean "name"'],
  [{ checks: {} }, TypeError, 'option "checks" must be an array'],
  [{ checks: [{ run }] }, TypeError, 'option "checks[0].name"'],
  [{ checks: [{ name: 'a' }] }, TypeError, 'option "checks[0].run" must be a function'],
  [{ checks: [{ name: 'a', run, timeoutMs: 0 }] }, RangeError, 'option "checks[0].timeoutMs"'],
  [{ checks: [{ name: 'a', run, timeoutMs: Number.NaN }] }, RangeError, 'received NaN'],
  [{ checks: [{ name: 'a', run, timeout: 5 }] }, TypeError, 'did you mean "checks[0].timeoutMs"'],
  [{ checks: [{ name: 'a', run, failureThreshold: 1.5 }] }, RangeError, 'whole number'],
])('HealthChecks(%j)', (options, kind, message) => {
  const make = () => new HealthChecks(unchecked(options));
  expect(make).toThrow(kind);
  expect(make).toThrow(message);
});

test('two checks of one name are refused', () => {
  const check: CheckOptions = { name: 'a', run };
  expect(() => new HealthChecks({ checks: [check, check] })).toThrow('already a check named "a"');
});

test.each<[unknown, ErrorConstructor, string]>([
  [{ drainTimeoutMs: -1 }, RangeError, 'option "drainTimeoutMs" must be a number of milliseconds'],
  [{ signals: 'SIGTERM' }, TypeError, 'option "signals" must be an array'],
  [{ server: {} }, TypeError, 'option "server" must be an HTTP/1.1 server'],
  [{ health: {} }, TypeError, 'markShuttingDown()'],
])('GracefulShutdown(%j)', (options, kind, message) => {
  const make = () => new GracefulShutdown(unchecked(options));
  expect(make).toThrow(kind);
  expect(make).toThrow(message);
});

test('an HTTP/2 server is refused rather than half served', () => {
  const server = unchecked<ServerLike>(createHttp2Server());
  expect(() => new GracefulShutdown({ server })).toThrow('HTTP/1.1');
});

test('options are copied: changing them later changes nothing', async () => {
  const check = { name: 'a', run: () => ({ status: 'up' as const }), critical: true };
  const health = new HealthChecks({ checks: [check] });
  check.critical = false;
  expect((await health.report()).checks.a?.critical).toBe(true);
});

test('a handler names its wrong options', () => {
  const health = new HealthChecks();
  expect(() => nodeHandler(health, unchecked({ exposeDetail: true }))).toThrow(
    'did you mean "exposeDetails"',
  );
  expect(() => nodeHandler(health, unchecked({ exposeDetails: 1 }))).toThrow('true, false or a function');
});

test('types: what a check may return, what a report holds, what a server may be', () => {
  expectTypeOf<ReturnType<HealthChecks['report']>>().toEqualTypeOf<Promise<HealthReport>>();
  expectTypeOf<() => Promise<void>>().toExtend<CheckOptions['run']>();
  expectTypeOf<() => { status: 'degraded'; lagMs: number }>().toExtend<CheckOptions['run']>();
  expectTypeOf<() => number>().not.toExtend<CheckOptions['run']>();
  expectTypeOf(createServer()).toExtend<ServerLike>();
});
