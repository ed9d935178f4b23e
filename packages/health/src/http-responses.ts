import { invalidOption, option, readOptions } from '@mainstay/core';
import type { HealthChecks } from './health-checks.js';
import type { HealthReport } from './report.js';

export interface HealthPaths {
  /** The full report. Default `/health`. */
  readonly report?: string;
  /** Liveness. Default `/health/live`. */
  readonly live?: string;
  /** Readiness. Default `/health/ready`. */
  readonly ready?: string;
}

/** @typeParam HttpRequest what the server hands in: Node's IncomingMessage, a Web Request, a FastifyRequest */
export interface HealthHttpOptions<HttpRequest> {
  readonly paths?: HealthPaths;
  /**
   * Whether messages, details, versions and the names of checks are shown, or a function that decides it by the request.
   * Default false: a stranger learns the status and nothing else.
   */
  readonly exposeDetails?: boolean | ((request: HttpRequest) => boolean);
}

export type HealthEndpoint = 'report' | 'live' | 'ready';

/** An answer made ready for any server. */
export interface HealthResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };

function respond(status: number, value: unknown, more: Record<string, string> = {}): HealthResponse {
  const body = JSON.stringify(value);
  const length = String(Buffer.byteLength(body));
  return Object.freeze({
    status,
    headers: Object.freeze({ ...headers, ...more, 'content-length': length }),
    body,
  });
}

const alive = respond(200, { live: true });
const leaving = respond(503, { ready: false, reason: 'shutting-down' });
const broken = respond(503, { status: 'down' });

const notAllowed = respond(405, { error: 'Method Not Allowed' }, { allow: 'GET, HEAD' });

/** Answers for all servers; each kind of server only carries them. */
export class HealthResponses<HttpRequest> {
  readonly paths: Required<HealthPaths>;
  readonly #health: HealthChecks;
  readonly #exposes: (request: HttpRequest) => boolean;
  readonly #endpoints: ReadonlyMap<string, HealthEndpoint>;
  /** The same report is asked for many times a second: it is written out once for either audience. */
  readonly #open = new WeakMap<HealthReport, HealthResponse>();
  readonly #terse = new WeakMap<HealthReport, HealthResponse>();

  constructor(owner: string, health: HealthChecks, options: HealthHttpOptions<HttpRequest>) {
    if (typeof health?.report !== 'function')
      throw invalidOption(owner, 'health', 'must be a HealthChecks', health);
    const { paths, exposeDetails } = readHttpOptions(owner, options);
    this.#health = health;
    this.#exposes = typeof exposeDetails === 'function' ? exposeDetails : () => exposeDetails === true;
    this.paths = paths;
    this.#endpoints = new Map([
      [paths.report, 'report'],
      [paths.live, 'live'],
      [paths.ready, 'ready'],
    ]);
  }

  /** Which endpoint a URL means, whatever its query string; undefined when it is not ours. */
  endpoint(url: string): HealthEndpoint | undefined {
    const query = url.indexOf('?');
    return this.#endpoints.get(query === -1 ? url : url.slice(0, query));
  }

  /** Never rejects. */
  async answer(
    endpoint: HealthEndpoint,
    request: HttpRequest,
    method: string | undefined = 'GET',
  ): Promise<HealthResponse> {
    if (method !== 'GET' && method !== 'HEAD') return notAllowed;
    // Nothing is asked and nothing awaited: a process that answers is alive, whatever its dependencies do.
    if (endpoint === 'live') return alive;
    try {
      const exposed = this.#exposes(request);
      return endpoint === 'ready' ? await this.#readiness(exposed) : await this.#report(exposed);
    } catch {
      return broken;
    }
  }

  async #readiness(exposed: boolean): Promise<HealthResponse> {
    const { ready, status, reason, down } = await this.#health.ready();
    if (reason === 'shutting-down') return leaving;
    return respond(ready ? 200 : 503, {
      ready,
      status,
      ...(reason === undefined ? {} : { reason }),
      ...(exposed && down.length > 0 ? { down } : {}),
    });
  }

  async #report(exposed: boolean): Promise<HealthResponse> {
    const report = await this.#health.report();
    const written = exposed ? this.#open : this.#terse;
    let response = written.get(report);
    if (!response) {
      const { status, shuttingDown } = report;
      response = respond(
        status === 'down' || shuttingDown ? 503 : 200,
        exposed ? report : { status, shuttingDown },
      );
      written.set(report, response);
    }
    return response;
  }
}

function readHttpOptions<HttpRequest>(owner: string, options: HealthHttpOptions<HttpRequest>) {
  const path = (standard: string) => option.string({ default: standard, maxLength: 500 });
  return readOptions(owner, options, {
    paths: option.object({
      report: path('/health'),
      live: path('/health/live'),
      ready: path('/health/ready'),
    }),
    exposeDetails: option.custom<boolean | ((request: HttpRequest) => boolean)>(
      'true, false or a function of the request',
      (received) => typeof received === 'boolean' || typeof received === 'function',
      { default: false },
    ),
  });
}
