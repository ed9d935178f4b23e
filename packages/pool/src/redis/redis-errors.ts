import { hasErrorCode, MainstayError, withoutStack } from '@mainstay/core';

/** Every error of the lanes says whether the command may have been carried out: what was not sent can be sent again safely. */
export class RedisLanesError extends MainstayError {
  /** The command, in lower case. */
  readonly command: string;
  /** True: it was on its way, so the server may have carried it out. */
  readonly sent: boolean;

  constructor(code: string, message: string, command: string, sent: boolean, cause?: unknown) {
    super(code, message, cause === undefined ? undefined : { cause });
    this.command = command;
    this.sent = sent;
  }
}

/** No answer within the command's time. It is not sent later, if it was not sent yet. */
export class RedisCommandTimeoutError extends RedisLanesError {
  static {
    Object.defineProperty(RedisCommandTimeoutError.prototype, 'name', { value: 'RedisCommandTimeoutError' });
  }
  declare readonly code: 'ERR_REDIS_COMMAND_TIMEOUT';
}

/** The connection ended while the command was on its way. It is not sent again. */
export class RedisInterruptedError extends RedisLanesError {
  static {
    Object.defineProperty(RedisInterruptedError.prototype, 'name', { value: 'RedisInterruptedError' });
  }
  declare readonly code: 'ERR_REDIS_INTERRUPTED';
}

/** The connection is not there, and no more commands may wait for it (`offlineQueue`). */
export class RedisOfflineError extends RedisLanesError {
  static {
    Object.defineProperty(RedisOfflineError.prototype, 'name', { value: 'RedisOfflineError' });
  }
  declare readonly code: 'ERR_REDIS_OFFLINE';
}

/** All tries to connect failed: the server is marked down, or given up, or the lanes are closed. `cause`: the last failure. */
export class RedisDownError extends RedisLanesError {
  static {
    Object.defineProperty(RedisDownError.prototype, 'name', { value: 'RedisDownError' });
  }
  declare readonly code: 'ERR_REDIS_DOWN';
}

/** The node that was asked does not hold the key any more. It was not carried out: lease a connection for the key again. */
export class RedisMovedError extends RedisLanesError {
  static {
    Object.defineProperty(RedisMovedError.prototype, 'name', { value: 'RedisMovedError' });
  }
  declare readonly code: 'ERR_REDIS_MOVED';
}

/** The command would hurt others on this lane: it belongs on another one. */
export class RedisWrongLaneError extends RedisLanesError {
  static {
    Object.defineProperty(RedisWrongLaneError.prototype, 'name', { value: 'RedisWrongLaneError' });
  }
  declare readonly code: 'ERR_REDIS_WRONG_LANE';
}

export const isRedisCommandTimeoutError = (error: unknown): error is RedisCommandTimeoutError =>
  hasErrorCode(error, 'ERR_REDIS_COMMAND_TIMEOUT');
export const isRedisInterruptedError = (error: unknown): error is RedisInterruptedError =>
  hasErrorCode(error, 'ERR_REDIS_INTERRUPTED');
export const isRedisOfflineError = (error: unknown): error is RedisOfflineError =>
  hasErrorCode(error, 'ERR_REDIS_OFFLINE');
export const isRedisDownError = (error: unknown): error is RedisDownError =>
  hasErrorCode(error, 'ERR_REDIS_DOWN');
export const isRedisMovedError = (error: unknown): error is RedisMovedError =>
  hasErrorCode(error, 'ERR_REDIS_MOVED');
export const isRedisWrongLaneError = (error: unknown): error is RedisWrongLaneError =>
  hasErrorCode(error, 'ERR_REDIS_WRONG_LANE');

const say = (name: string, command: string, text: string): string =>
  `Redis "${name}": ${command.toUpperCase()} ${text}`;

/** Under an outage these are made thousands of times a second. */
export const timeoutError = (name: string, command: string, timeoutMs: number, sent: boolean): Error =>
  withoutStack(() => {
    const text = sent
      ? `was not answered within ${timeoutMs} ms`
      : `could not be sent within ${timeoutMs} ms`;
    return new RedisCommandTimeoutError('ERR_REDIS_COMMAND_TIMEOUT', say(name, command, text), command, sent);
  });
export const interruptedError = (name: string, command: string, cause: unknown): Error =>
  withoutStack(() => {
    const text = 'was on its way when the connection ended; whether it was carried out is not known';
    return new RedisInterruptedError('ERR_REDIS_INTERRUPTED', say(name, command, text), command, true, cause);
  });
export const offlineError = (name: string, command: string, limit: number): Error =>
  withoutStack(() => {
    const text = `cannot be sent now, and ${limit} commands wait already (offlineQueue)`;
    return new RedisOfflineError('ERR_REDIS_OFFLINE', say(name, command, text), command, false);
  });
/**
 * @param cause what ioredis says
 * @param message where it must be ioredis's own
 */
export const notSentError = (name: string, command: string, cause: unknown, message?: string): Error =>
  withoutStack(() => {
    const text = message ?? say(name, command, 'was not sent: the connection ended before');
    return new RedisOfflineError('ERR_REDIS_OFFLINE', text, command, false, cause);
  });
export const movedError = (name: string, command: string, cause: Error): Error => {
  const where = cause.message.split(' ').at(-1);
  const text = `belongs to the node ${where} by now; lease a connection for its key again`;
  return new RedisMovedError('ERR_REDIS_MOVED', say(name, command, text), command, false, cause);
};
export const spoiledError = (name: string, command: string): Error => {
  const text = 'was not sent: a command of its transaction was refused, so none of them is carried out';
  return new RedisWrongLaneError('ERR_REDIS_WRONG_LANE', say(name, command, text), command, false);
};
export const downError = (name: string, command: string, why: string, cause: unknown): Error =>
  withoutStack(
    () =>
      new RedisDownError('ERR_REDIS_DOWN', say(name, command, `was not sent: ${why}`), command, false, cause),
  );
export const wrongLaneError = (name: string, command: string, advice: string): Error => {
  const text = `does not belong on this lane: ${advice}`;
  return new RedisWrongLaneError('ERR_REDIS_WRONG_LANE', say(name, command, text), command, false);
};
