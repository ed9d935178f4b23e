import type { Socket } from 'node:net';

/**
 * Ends a socket with a reset (RST). One that is not connected yet is given up, and so is one that is just sending its FIN:
 * there, Node's reset fails with EINVAL and leaves the socket open for ever.
 */
export function reset(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.connecting || (socket.writableEnded && !socket.writableFinished)) socket.destroy();
  else socket.resetAndDestroy();
}

/** Calls back when everything written has been handed to the system, or never can be. */
export function whenFlushed(socket: Socket, callback: () => void): void {
  if (socket.writableLength === 0 || socket.destroyed) callback();
  else socket.write(Buffer.alloc(0), () => callback());
}
