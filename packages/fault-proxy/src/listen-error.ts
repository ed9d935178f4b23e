import { MainstayError } from '@mainstay/core';

/**
 * What went wrong when something was to listen: `ERR_PORT_TAKEN`, or `ERR_LISTEN` for anything else (a host that is not ours, a
 * port that needs privileges), with the system's error as `cause`.
 */
export function listenError(
  owner: string,
  host: string,
  port: number,
  cause: NodeJS.ErrnoException,
): MainstayError {
  if (cause.code === 'EADDRINUSE') {
    const advice = 'choose another one, or 0 for any that is free';
    return new MainstayError('ERR_PORT_TAKEN', `${owner}: port ${port} of ${host} is taken; ${advice}`, {
      cause,
    });
  }
  return new MainstayError('ERR_LISTEN', `${owner}: cannot listen on ${host}:${port}: ${cause.message}`, {
    cause,
  });
}
