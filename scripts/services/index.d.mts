/** A real program, found or fetched. */
export interface AvailablePart {
  readonly name: string;
  readonly available: true;
  readonly version: string;
  readonly source: 'system' | 'npm' | 'debian';
  /** For people: `PostgreSQL 15.18 (system)`. */
  readonly describe: string;
  /** Path of the program. */
  readonly binary: string;
  /** The folder that holds the whole installation, where it was fetched. */
  readonly home?: string;
  /** What the program needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface SkippedPart {
  readonly name: string;
  /** Why it is not to be had: a clause without a full stop. */
  readonly reason: string;
  /** The way to get it: a sentence. */
  readonly hint: string;
}

export interface MissingPart extends SkippedPart {
  readonly available: false;
}

export type ProvisionResult = AvailablePart | MissingPart;

export type PartName = 'postgres' | 'redis' | 'nginx' | 'prometheus' | 'alertmanager';

export interface ProvisionOptions {
  /** Told what is being fetched. */
  readonly log?: (message: string) => void;
  /** Where fetched parts live. Default: `.services` in the clone. */
  readonly servicesDir?: string;
  /** Calls off a download; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Finds each part: on the system, else among what was fetched before, else fetched now (npm or Debian packages) into
 * `.services` of the clone. Never rejects for a part that is not to be had: that is a result with reason and hint.
 * `MAINSTAY_WITHOUT=redis,system-postgres,npm` hides a part, one source of a part, or a whole source.
 * @throws {TypeError} for a name that no part has
 */
export function provision(names: readonly PartName[], options?: ProvisionOptions): Promise<ProvisionResult[]>;

/**
 * One line for cache keys: `postgres=15.18;redis=7.0.15;nginx=absent;…`. Fetches nothing, so call `provision` first:
 * a part that would be fetched later counts as absent.
 */
export function fingerprint(options?: { names?: readonly PartName[]; servicesDir?: string }): Promise<string>;

/** A running server. Its methods may be called in any order and are carried out one after the other. */
export interface ServiceHandle {
  readonly name: string;
  /** `postgres://mainstay@127.0.0.1:<port>/mainstay` or `redis://127.0.0.1:<port>`; no password. */
  readonly url: string;
  readonly host: '127.0.0.1';
  /** The same for the life of the set. */
  readonly port: number;
  /** Of the running process, or of the last one. */
  readonly pid: number;
  readonly version: string;
  readonly describe: string;
  /** Starts a stopped or killed server on the same port and data; does nothing while it runs. */
  start(): Promise<void>;
  /** Orderly, and by force when that takes too long. */
  stop(): Promise<void>;
  /** SIGKILL, for it and its children: nothing is flushed, connections are cut. */
  kill(): Promise<void>;
  /** SIGSTOP, for it and its children: the port accepts, nobody answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** `stop` and `start`: same port, same data. */
  restart(): Promise<void>;
  /** The last lines of its log. */
  lastLines(): Promise<string>;
}

/** A server ended that nobody had told to. */
export interface ServiceExit {
  readonly name: string;
  readonly code: number | null;
  readonly signal: string | null;
  readonly lastLines: string;
}

export interface ServerOptions {
  /** The server's own settings, over ours: `{ max_connections: 20 }`, `{ maxmemory: '10mb' }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

export interface StartServicesOptions {
  readonly postgres?: boolean | ServerOptions;
  readonly redis?: boolean | ServerOptions;
  /** Where data that survive are kept. Default: private, temporary, without fsync. */
  readonly dataDir?: string;
  /** Calls off the start: everything is ended again and the reason is thrown. Without effect afterwards. */
  readonly signal?: AbortSignal;
  readonly log?: (message: string) => void;
  /** Told when a server dies by itself. */
  readonly onExit?: (exit: ServiceExit) => void;
  readonly servicesDir?: string;
}

export interface Services {
  /** `undefined` where it was not asked for, or is in `skipped`. */
  readonly postgres: ServiceHandle | undefined;
  readonly redis: ServiceHandle | undefined;
  /** What was asked for and is not to be had. */
  readonly skipped: readonly SkippedPart[];
  /** Ends all servers, the last started first, and removes their temporary files. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts real servers on free ports of 127.0.0.1. They belong to a keeper process in a session of its own, which ends
 * them when `close` is called or when this process ends, however it ends; Ctrl-C at a terminal does not reach them.
 * Running servers do not keep this process alive; a pending call on them does.
 * @throws an error with `code` `ERR_SERVICE_START`, the server's last words and what to do, when one does not start
 */
export function startServices(options: StartServicesOptions): Promise<Services>;

export interface RedisCluster {
  /** The masters, then the replicas: the first of the first, and so on. `undefined`: Redis is not to be had, see `skipped`. */
  readonly nodes: readonly ServiceHandle[] | undefined;
  readonly skipped: readonly SkippedPart[];
  close(): Promise<void>;
}

/**
 * Starts a Redis Cluster whose masters have equal shares of the slots; resolves when every node knows it. A node that is
 * away for a second is failed over to its replica.
 */
export function startRedisCluster(options?: {
  /** Default 3. */
  masters?: number;
  /** At most as many as masters. Default 0. */
  replicas?: number;
  settings?: ServerOptions['settings'];
}): Promise<RedisCluster>;

/** Sends one command in a connection of its own. @returns the reply's text; rejects with what Redis complains of */
export function askRedis(port: number, line: string): Promise<string>;

/** The part of `pg`'s `Client` that is used. */
export interface PgClient {
  connect(): Promise<unknown>;
  query(sql: string): Promise<unknown>;
  end(): Promise<unknown>;
}

export interface TestDatabase {
  readonly url: string;
  /** Drops the database, cutting off whoever is still connected. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A private, empty database: in the server that `MAINSTAY_TEST_DATABASE_URL` names, else in one that is started for all
 * callers of this process and ends with the last of them. `Client` of `pg` is needed where the named server asks for a password.
 * @throws an error with `code` `ERR_SERVICE_MISSING`, reason and hint, when no PostgreSQL is to be had
 */
export function testDatabase(options?: {
  Client?: new (options: { connectionString: string }) => PgClient;
}): Promise<TestDatabase>;
