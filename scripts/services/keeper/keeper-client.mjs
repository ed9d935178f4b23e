// The parent's end of the channel to its keeper.
import { fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serverKinds } from '../servers/index.mjs';
import { sendSignal } from './processes.mjs';

const keeperPath = fileURLToPath(new URL('keeper.mjs', import.meta.url));
// Longer than all stops of a set together.
const closeTimeoutMs = 90_000;

/** Only a caller who waits for an answer is kept alive; an idle keeper never keeps a process from ending. */
export class KeeperClient {
  #child;
  /** @type {Map<number, { resolve: (value: unknown) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #nextId = 1;
  #closing = false;
  #ended;
  #crash = '';
  privateFolder = '';
  /** @type {Map<string, number>} the servers' pids, for the case that the keeper is killed */
  pids = new Map();

  /** @param {(exit: import('../index.d.mts').ServiceExit) => void} onDeath */
  constructor(onDeath) {
    // Options meant for the caller (a debugger's port, a loader) are not for the keeper.
    const env = { ...process.env, NODE_OPTIONS: '' };
    this.#child = fork(keeperPath, [], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
      env,
      cwd: tmpdir(),
    });
    this.#child.on('message', (message) => {
      const { event, ...rest } = /** @type {{ event?: string, message?: string }} */ (message);
      if (event === 'death')
        onDeath(/** @type {import('../index.d.mts').ServiceExit} */ (/** @type {unknown} */ (rest)));
      else if (event === 'crash') this.#crash = rest.message ?? '';
      else this.#settle(/** @type {{ id: number }} */ (/** @type {unknown} */ (message)));
    });
    this.#ended = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      this.#child.on('error', (error) => this.#onEnd(error.message, resolve));
      this.#child.on('exit', (code, signal) => this.#onEnd(String(signal ?? `exit code ${code}`), resolve));
    });
    this.#child.unref();
    this.#child.channel?.unref();
  }

  /** @param {{ id: number, value?: unknown, error?: { message: string, code?: string } }} reply */
  #settle({ id, value, error }) {
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#child.channel?.unref();
    if (error)
      waiter?.reject(Object.assign(new Error(error.message), error.code ? { code: error.code } : {}));
    else waiter?.resolve(value);
  }

  /**
   * @param {string} how
   * @param {() => void} resolve
   */
  #onEnd(how, resolve) {
    const error = new Error(
      `the keeper of the services ended (${how})${this.#crash ? `: ${this.#crash}` : ''}`,
    );
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    if (this.#closing) resolve();
    else this.#clearUpAfterKilledKeeper().then(resolve, resolve);
  }

  /** It had no time to do it itself. Where the kernel does not end the servers with it, this does. */
  async #clearUpAfterKilledKeeper() {
    for (const pid of this.pids.values()) sendSignal(pid, 'SIGKILL');
    const folders = [...this.pids.keys()].map((name) => ({
      name,
      folder: join(this.privateFolder, name, 'data'),
    }));
    for (const { name, folder } of folders) {
      const kind = serverKinds[/** @type {keyof typeof serverKinds} */ (name)];
      await kind.cleanUp({ data: { folder, home: folder, kept: false, release: async () => {} } });
    }
    if (this.privateFolder) rmSync(this.privateFolder, { recursive: true, force: true, maxRetries: 5 });
  }

  /**
   * @param {string} action
   * @param {object} [details]
   * @returns {Promise<unknown>}
   */
  ask(action, details = {}) {
    return new Promise((resolve, reject) => {
      if (!this.#child.connected) {
        reject(Object.assign(new Error('the services are closed'), { code: 'ERR_SERVICES_CLOSED' }));
        return;
      }
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#child.channel?.ref();
      this.#child.send({ id, do: action, ...details }, (error) => {
        if (error) this.#settle({ id, error });
      });
    });
  }

  /** Ends everything and waits for the keeper's own end. */
  async close() {
    if (this.#closing) return this.#ended;
    this.#closing = true;
    const { pid } = this.#child;
    this.#child.ref();
    const timer = setTimeout(() => {
      if (pid) sendSignal(pid, 'SIGKILL');
      void this.#clearUpAfterKilledKeeper().catch(() => {});
    }, closeTimeoutMs);
    try {
      if (this.#child.connected) await this.ask('close');
    } finally {
      if (this.#child.connected) this.#child.disconnect();
      await this.#ended;
      clearTimeout(timer);
    }
  }
}
