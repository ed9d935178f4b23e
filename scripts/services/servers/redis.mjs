// How a Redis server is prepared, run and asked whether it is there.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { giveTo } from '../keeper/owner.mjs';

const answerTimeoutMs = 2_000;

/** @type {import('./kind.d.mts').ServerKind} */
export const redis = {
  stopSignal: 'SIGTERM', // writes its snapshot first, where it keeps one
  stopTimeoutMs: 15_000,
  startTimeoutMs: 30_000,
  portTaken: /Address already in use/i,

  url: (port) => `redis://127.0.0.1:${port}`,

  async prepare({ data, owner }) {
    if (mkdirSync(data.folder, { recursive: true, mode: 0o700 })) giveTo(data.folder, owner);
  },

  args({ port, data, settings: { sentinel, ...settings } }) {
    const all = {
      port,
      bind: '127.0.0.1',
      dir: data.folder,
      daemonize: 'no',
      appendonly: 'no',
      save: data.kept ? '60 1' : '',
      ...settings,
    };
    const args = Object.entries(all).flatMap(([key, value]) => [`--${key}`, String(value)]);
    return sentinel === 'yes' ? [sentinelFile(data.folder), '--sentinel', ...args] : args;
  },

  async check({ port, pid }) {
    const answer = await ask(port, 'PING\r\nINFO server\r\n', /process_id:(\d+)|^-.*\r\n/m);
    if (!answer.startsWith('+PONG')) throw new Error(answer.trim());
    // Somebody else's server may have taken the port.
    if (!answer.includes(`process_id:${pid}\r`)) throw new Error(`another server answers on port ${port}`);
  },

  async cleanUp() {},
};

/**
 * The same program is a Sentinel (`settings: { sentinel: 'yes' }`), which keeps what it knows in a file of its own.
 * @param {string} folder
 */
function sentinelFile(folder) {
  const file = join(folder, 'sentinel.conf');
  if (!existsSync(file)) {
    writeFileSync(file, '');
    chmodSync(file, 0o666); // written by the server's user, who is not always the one who starts it
  }
  return file;
}

/**
 * @param {number} port
 * @param {string} commands
 * @param {RegExp} complete
 * @returns {Promise<string>}
 */
function ask(port, commands, complete) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let answer = '';
    const finish = (/** @type {Error | undefined} */ error) => {
      socket.destroy();
      if (error) reject(error);
      else resolve(answer);
    };
    socket.setTimeout(answerTimeoutMs, () => finish(new Error(`no answer within ${answerTimeoutMs} ms`)));
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(commands));
    socket.on('data', (text) => {
      answer += text;
      if (complete.test(answer)) finish(undefined);
    });
    socket.on('error', finish);
    socket.on('close', () => finish(new Error('the server closed the connection')));
  });
}
