import { expect, test } from 'vitest';
import { hasErrorCode, MainstayError, withoutStack } from '../src/index.js';
import { runChild } from './helpers/child.js';

test('an error has its code, message, name and cause', () => {
  const cause = new Error('below');
  const error = new MainstayError('ERR_TEST', 'went wrong', { cause });
  expect(error).toBeInstanceOf(Error);
  expect(error.code).toBe('ERR_TEST');
  expect(error.message).toBe('went wrong');
  expect(error.cause).toBe(cause);
  expect(String(error)).toBe('MainstayError: went wrong');
  expect(Object.keys(error)).toEqual(['code']);
  expect(Object.hasOwn(new MainstayError('ERR_TEST', 'x'), 'cause')).toBe(false);
});

test.each<[unknown, boolean]>([
  [new MainstayError('ERR_TEST', 'x'), true],
  [{ code: 'ERR_TEST' }, true],
  [Object.assign(new Error('from another copy'), { code: 'ERR_TEST' }), true],
  [new MainstayError('ERR_OTHER', 'x'), false],
  [null, false],
  [undefined, false],
  ['ERR_TEST', false],
  [42, false],
])('hasErrorCode of %s is %s', (error, expected) => {
  expect(hasErrorCode(error, 'ERR_TEST')).toBe(expected);
});

test('an error made without a stack has only its first line, and the next one has a stack again', () => {
  const limit = Error.stackTraceLimit;
  const error = withoutStack(() => new MainstayError('ERR_TEST', 'cheap'));
  expect(error.stack).toBe('MainstayError: cheap');
  expect(Error.stackTraceLimit).toBe(limit);
  expect(new Error('dear').stack).toContain('\n    at ');
});

test('the limit is restored when making the error throws, and within nested calls', () => {
  const limit = Error.stackTraceLimit;
  expect(() =>
    withoutStack(() => {
      withoutStack(() => new Error('inner'));
      expect(Error.stackTraceLimit).toBe(0);
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(Error.stackTraceLimit).toBe(limit);
});

test('where the limit cannot be changed, the error is made all the same', async () => {
  const { status, stdout, stderr } = await runChild(`
    Object.freeze(Error);
    const error = core.withoutStack(() => new core.MainstayError('ERR_TEST', 'made'));
    console.log(error.code, error.message);
  `);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toBe('ERR_TEST made');
});

test('everything works with --frozen-intrinsics', async () => {
  const { status, stdout, stderr } = await runChild(
    `
    const error = core.withoutStack(() => new core.MainstayError('ERR_TEST', 'made'));
    const options = core.readOptions('Test', { delayMs: 5 }, { delayMs: core.option.milliseconds() });
    await new Promise((resolve) => core.deadlinesOf(core.monotonicClock).add(options.delayMs, resolve));
    const histogram = new core.Histogram();
    histogram.record(5);
    const events = new core.Events();
    events.on('x', (value) => console.log(error.name, error.code, histogram.count, value));
    events.emit('x', core.monotonicClock.coarseNow() > 0);
  `,
    ['--frozen-intrinsics'],
  );
  expect(stderr.replace(/.*ExperimentalWarning.*|.*--trace-warnings.*/g, '').trim()).toBe('');
  expect(status).toBe(0);
  expect(stdout).toBe('MainstayError ERR_TEST 1 true');
});
