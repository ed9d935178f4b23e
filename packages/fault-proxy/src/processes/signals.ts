import { invalidOption, MainstayError } from '@mainstay/core';

/** What the systems' 32-bit signed numbers hold. */
const LARGEST_PID = 2_147_483_647;

/**
 * A process that may be signalled. 0 and negative numbers would mean whole groups, 1 is the system's first process.
 * @throws TypeError or RangeError
 */
export function checkPid(owner: string, pid: unknown): number {
  const mustBe = `must be the number of another process, a whole number from 2 to ${LARGEST_PID}`;
  if (typeof pid !== 'number') throw invalidOption(owner, 'pid', mustBe, pid);
  if (!Number.isSafeInteger(pid) || pid < 2 || pid > LARGEST_PID)
    throw invalidOption(owner, 'pid', mustBe, pid, 'range');
  if (pid === process.pid) {
    throw invalidOption(owner, 'pid', 'must not be this process itself', pid, 'range');
  }
  return pid;
}

/** @throws MainstayError `ERR_NO_SUCH_PROCESS`, `ERR_NOT_PERMITTED` or `ERR_SIGNAL`, with the system's error as `cause` */
export function send(owner: string, pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ESRCH') {
      throw new MainstayError('ERR_NO_SUCH_PROCESS', `${owner}: there is no process ${pid}`, { cause });
    }
    if (code === 'EPERM') {
      throw new MainstayError('ERR_NOT_PERMITTED', `${owner}: process ${pid} belongs to somebody else`, {
        cause,
      });
    }
    throw new MainstayError('ERR_SIGNAL', `${owner}: ${signal} cannot be sent to process ${pid}`, { cause });
  }
}
