// One server in the keeper's care: started on a free port, restarted on the same, its data opened once and released at the end.
import { setTimeout as sleep } from 'node:timers/promises';
import { serverKinds } from '../servers/index.mjs';
import { explainFailure } from './explain-failure.mjs';
import { openData } from './kept-data.mjs';
import { freePort, isFree } from './ports.mjs';
import { makeServerFolder, reachableProgram } from './private-folder.mjs';
import { ServerProcess } from './server-process.mjs';

const portAttempts = 5;
const pollMs = 25;

/**
 * @typedef {object} Surroundings
 * @property {string} privateFolder
 * @property {import('./owner.mjs').User | undefined} user
 * @property {string | undefined} dieWithKeeper
 * @property {AbortSignal} signal aborts starts when the keeper ends
 * @property {(exit: { name: string, code: number | null, signal: string | null, lastLines: string }) => void} onDeath
 *
 * @typedef {{ part: import('../sources/provision.mjs').AvailablePart, settings: Record<string, string | number>, dataDir?: string }} ServerSpec
 */

export class ManagedServer {
  port = 0;
  #kind;
  #spec;
  #around;
  /** @type {ServerProcess | undefined} */
  #process;
  /** @type {{ binary: string, env: NodeJS.ProcessEnv } | undefined} */
  #program;
  /** @type {import('./kept-data.mjs').ServerData | undefined} */
  #data;
  #folder = '';

  /**
   * @param {ServerSpec} spec
   * @param {Surroundings} around
   */
  constructor(spec, around) {
    this.#kind = serverKinds[/** @type {keyof typeof serverKinds} */ (spec.part.name)];
    this.#spec = spec;
    this.#around = around;
  }

  get status() {
    return { port: this.port, pid: this.#process?.pid ?? 0, url: this.#kind.url(this.port) };
  }

  get lastLines() {
    return this.#process?.lastLines ?? '';
  }

  async open() {
    const { privateFolder, user } = this.#around;
    const { part, dataDir } = this.#spec;
    this.#folder = makeServerFolder(privateFolder, part.name, user);
    const program = reachableProgram(part, privateFolder, user);
    // Nothing of the caller's environment is a server's business: PGPORT and the like would change what it does.
    const env = {
      PATH: process.env.PATH,
      TZ: process.env.TZ,
      LC_ALL: 'C',
      HOME: this.#folder,
      ...program.env,
    };
    this.#program = { binary: program.binary, env };
    this.#data = await openData({ name: part.name, dataDir, serverFolder: this.#folder, user });
    const context = {
      program: this.#program,
      version: part.version,
      data: this.#data,
      cwd: this.#folder,
      owner: user,
    };
    try {
      await this.#kind.prepare(context);
    } catch (error) {
      const { message, log } = /** @type {Error & { log?: string }} */ (error);
      throw explainFailure(part, this.#data.folder, message, log);
    }
    await this.start();
  }

  /** Does nothing while it runs. */
  async start() {
    if (this.#process && !this.#process.exit) return;
    const portIsGiven = this.port !== 0;
    for (let attempt = 1; ; attempt++) {
      this.#around.signal.throwIfAborted();
      if (!portIsGiven) this.port = await freePort();
      else if (!(await isFree(this.port))) await sleep(200 * attempt);
      const problem = await this.#tryStart();
      if (problem === undefined) return;
      if (!this.#kind.portTaken.test(this.lastLines) || attempt === portAttempts) {
        throw explainFailure(this.#spec.part, this.#data?.folder ?? '', problem, this.lastLines);
      }
    }
  }

  /** @returns {Promise<string | undefined>} what went wrong */
  async #tryStart() {
    const { name } = this.#spec.part;
    const server = this.#spawn();
    this.#process = server;
    const problem = await this.#waitUntilReady(server);
    if (problem !== undefined) {
      await server.kill();
      return problem;
    }
    server.ended.then(() => {
      if (!server.endWanted)
        this.#around.onDeath({ name, code: null, signal: null, ...server.exit, lastLines: server.lastLines });
    });
    return undefined;
  }

  #spawn() {
    const { user, dieWithKeeper } = this.#around;
    const data = /** @type {import('./kept-data.mjs').ServerData} */ (this.#data);
    const program = /** @type {{ binary: string, env: NodeJS.ProcessEnv }} */ (this.#program);
    const { stopSignal, stopTimeoutMs } = this.#kind;
    const args = this.#kind.args({ port: this.port, data, settings: this.#spec.settings });
    return new ServerProcess({
      ...program,
      args,
      cwd: this.#folder,
      user,
      dieWithKeeper,
      stopSignal,
      stopTimeoutMs,
    });
  }

  /** @param {ServerProcess} server */
  async #waitUntilReady(server) {
    const data = /** @type {import('./kept-data.mjs').ServerData} */ (this.#data);
    const deadline = performance.now() + this.#kind.startTimeoutMs;
    for (;;) {
      if (this.#around.signal.aborted) return 'the start was called off';
      if (server.exit) return `it ended at once (${server.exit.signal ?? `exit code ${server.exit.code}`})`;
      try {
        await this.#kind.check({ port: this.port, data, pid: server.pid ?? 0 });
        return undefined;
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        if (performance.now() >= deadline)
          return `it was not ready in ${this.#kind.startTimeoutMs / 1000} s: ${said}`;
      }
      await Promise.race([sleep(pollMs), server.ended]);
    }
  }

  async stop() {
    await this.#process?.stop();
  }

  async kill() {
    await this.#process?.kill();
  }

  async freeze() {
    await this.#process?.freeze();
  }

  async thaw() {
    this.#process?.thaw();
  }

  async restart() {
    await this.stop();
    await this.start();
  }

  /** Ends it for good. */
  async close() {
    await this.stop();
    if (!this.#data) return;
    await this.#kind.cleanUp({ data: this.#data });
    await this.#data.release();
  }
}
