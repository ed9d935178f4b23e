// One running server: its process, the last lines that it said, and the ways to end or freeze it.
import { spawn } from 'node:child_process';
import { childrenOf, sendSignal } from './processes.mjs';

const keptLines = 60;
const killTimeoutMs = 10_000;

/**
 * @typedef {object} ProcessOptions
 * @property {string} binary
 * @property {string[]} args
 * @property {NodeJS.ProcessEnv} env
 * @property {string} cwd
 * @property {{ uid: number, gid: number }} [user]
 * @property {string} [dieWithKeeper] path of a `setpriv` that can bind the server's life to this process
 * @property {NodeJS.Signals} stopSignal
 * @property {number} stopTimeoutMs
 */

export class ServerProcess {
  /** @type {{ code: number | null, signal: NodeJS.Signals | null } | undefined} */
  exit;
  /** True from the moment on that its end is wanted. */
  endWanted = false;
  /** @type {string[]} */
  #lines = [];
  #options;
  #child;
  #frozen = false;
  /** @type {number[]} */
  #frozenChildren = [];

  /** @param {ProcessOptions} options */
  constructor(options) {
    this.#options = options;
    const { binary, args, env, cwd, user, dieWithKeeper } = options;
    // Should the keeper itself be killed, the kernel ends the server.
    const command = dieWithKeeper ?? binary;
    const commandArgs = dieWithKeeper ? ['--pdeathsig', 'KILL', '--', binary, ...args] : args;
    this.#child = spawn(command, commandArgs, {
      cwd,
      env,
      ...user,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    /** Settles when the process has ended; never rejects. */
    this.ended = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      this.#child.on('exit', (code, signal) => {
        this.exit = { code, signal };
        resolve();
      });
      this.#child.on('error', (error) => {
        this.#keep(String(error.message));
        this.exit ??= { code: null, signal: null };
        resolve();
      });
    });
    // Its words stay in memory: a full disk must not swallow the message that says so.
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => this.#keep(text));
    }
  }

  get pid() {
    return this.#child.pid;
  }

  get lastLines() {
    return this.#lines.join('\n');
  }

  /** @param {string} text */
  #keep(text) {
    this.#lines.push(...text.split('\n').filter((line) => line.trim() !== ''));
    this.#lines.splice(0, Math.max(0, this.#lines.length - keptLines));
  }

  /** Orderly, and by force when that takes too long. */
  async stop() {
    this.endWanted = true;
    if (this.exit || !this.pid) return;
    if (this.#frozen) this.thaw();
    sendSignal(this.pid, this.#options.stopSignal);
    if (!(await this.#endsWithin(this.#options.stopTimeoutMs))) await this.kill();
  }

  /** As a crash of the machine would: nothing of it goes on. */
  async kill() {
    this.endWanted = true;
    if (this.exit || !this.pid) return;
    // Stopped first, so that it starts no new child while the list is read.
    sendSignal(this.pid, 'SIGSTOP');
    const children = await childrenOf(this.pid);
    for (const pid of [this.pid, ...children]) sendSignal(pid, 'SIGKILL');
    this.#frozen = false;
    await this.#endsWithin(killTimeoutMs);
  }

  /** A server that forks answers through its children, so they stop too. */
  async freeze() {
    if (this.exit || !this.pid || this.#frozen) return;
    this.#frozen = true;
    sendSignal(this.pid, 'SIGSTOP');
    this.#frozenChildren = await childrenOf(this.pid);
    for (const pid of this.#frozenChildren) sendSignal(pid, 'SIGSTOP');
  }

  thaw() {
    if (this.exit || !this.pid || !this.#frozen) return;
    this.#frozen = false;
    for (const pid of [...this.#frozenChildren, this.pid]) sendSignal(pid, 'SIGCONT');
  }

  /** @param {number} timeoutMs */
  async #endsWithin(timeoutMs) {
    let timer;
    const timeout = new Promise((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.ended, timeout]);
    clearTimeout(timer);
    return this.exit !== undefined;
  }
}
