// A process of its own that owns the servers, so that they end whatever becomes of the process that wanted them. It is
// the leader of its own session: Ctrl-C at the terminal does not reach it. It ends when its channel to the parent
// closes, for whatever reason, and takes servers and temporary files with it.
import { rmSync } from 'node:fs';
import { runCommand } from '../run-command.mjs';
import { ManagedServer } from './managed-server.mjs';
import { serverUser } from './owner.mjs';
import { makePrivateFolder } from './private-folder.mjs';

/** @type {Map<string, ManagedServer>} in the order in which they were started */
const servers = new Map();
const ending = new AbortController();
let privateFolder = '';
/** @type {import('./owner.mjs').User | undefined} */
let user;
/** @type {string | undefined} */
let dieWithKeeper;
// One thing after the other: a stop that overtakes a start would leave a server behind.
let queue = Promise.resolve();

/** @param {object} message */
function tell(message) {
  if (process.connected) process.send?.(message, () => {});
}

/** Does this system have a `setpriv` that binds a program's life to ours? */
async function findSetpriv() {
  if (process.platform !== 'linux') return undefined;
  const { ok } = await runCommand('setpriv', ['--pdeathsig', 'KILL', '--', 'true'], { timeoutMs: 5_000 });
  return ok ? 'setpriv' : undefined;
}

const actions = {
  async open() {
    user = serverUser();
    privateFolder = makePrivateFolder(user);
    dieWithKeeper = await findSetpriv();
    return { privateFolder };
  },
  /** @param {{ spec: import('./managed-server.mjs').ServerSpec }} message */
  async start({ spec }) {
    const { name } = spec.part;
    const onDeath = (/** @type {object} */ exit) => tell({ event: 'death', ...exit });
    const server = new ManagedServer(spec, {
      privateFolder,
      user,
      dieWithKeeper,
      signal: ending.signal,
      onDeath,
    });
    servers.set(name, server);
    await server.open();
    return server.status;
  },
  /** @param {{ name: string, method: 'stop' | 'kill' | 'freeze' | 'thaw' | 'restart' | 'start' }} message */
  async act({ name, method }) {
    const server = /** @type {ManagedServer} */ (servers.get(name));
    await server[method]();
    return server.status;
  },
  /** @param {{ name: string }} message */
  async lastLines({ name }) {
    return servers.get(name)?.lastLines ?? '';
  },
  async close() {
    await endAll();
  },
};

/** @type {Promise<void> | undefined} */
let ended;

/** Ends every server, the last started first, and removes the private folder. One that fails does not stop the rest. */
function endAll() {
  ended ??= (async () => {
    ending.abort(new Error('the services are being closed'));
    /** @type {unknown[]} */
    const problems = [];
    for (const server of [...servers.values()].reverse()) {
      await server.close().catch((error) => problems.push(error));
    }
    if (privateFolder) rmSync(privateFolder, { recursive: true, force: true, maxRetries: 5 });
    if (problems.length > 0) throw problems[0];
  })();
  return ended;
}

/** @param {{ id: number, do: keyof typeof actions } & Record<string, unknown>} message */
async function answer(message) {
  try {
    const action = /** @type {(message: object) => Promise<unknown>} */ (actions[message.do]);
    tell({ id: message.id, value: await action(message) });
  } catch (error) {
    const { message: text, code } = /** @type {NodeJS.ErrnoException} */ (error);
    tell({ id: message.id, error: { message: text, code } });
  }
}

process.on('message', (message) => {
  const request = /** @type {Parameters<typeof answer>[0]} */ (message);
  // A close does not wait for a start that hangs; it calls it off.
  if (request.do === 'close') ending.abort(new Error('the services are being closed'));
  queue = queue.then(() => answer(request));
});

/** @param {number} code */
function leave(code) {
  ending.abort(new Error('the services are being closed'));
  queue = queue.then(endAll).then(
    () => process.exit(code),
    () => process.exit(1),
  );
}

process.on('disconnect', () => leave(0));
process.on('SIGTERM', () => leave(0));
// A terminal that closes or a Ctrl-C that reaches us all the same: the parent decides, and its end is noticed.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
process.on('uncaughtException', (error) => {
  tell({ event: 'crash', message: error.stack });
  leave(1);
});
