import type { IncomingMessage } from 'node:http';
import { faultTypes, readFault } from '../fault-kinds.js';
import type { FaultProxy } from '../fault-proxy.js';
import type { AddFaultOptions } from '../options.js';
import { Problem } from './answers.js';
import { readJson } from './read-json.js';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const paths = ['GET /', 'GET /stats', 'GET /faults', 'POST /faults', 'DELETE /faults', 'DELETE /faults/<id>'];

/** Carries out one request. @throws Problem, or the errors of `proxy.add` */
export async function route(proxy: FaultProxy, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '/').split('?', 1)[0] as string;
  switch (`${request.method} ${path}`) {
    case 'GET /':
      return { status: 200, body: describe(proxy) };
    case 'GET /stats':
      return { status: 200, body: proxy.stats() };
    case 'GET /faults':
      return { status: 200, body: { faults: proxy.faults } };
    case 'POST /faults':
      return { status: 201, body: add(proxy, await readJson(request)) };
    case 'DELETE /faults': {
      const removed = proxy.faults.length;
      proxy.clear();
      return { status: 200, body: { removed } };
    }
  }
  const id = /^\/faults\/(\d{1,15})$/.exec(path)?.[1];
  if (id !== undefined && request.method === 'DELETE')
    return { status: 200, body: remove(proxy, Number(id)) };
  const methods = methodsOf(path);
  if (methods.length > 0) {
    const detail = `there is no ${request.method} ${path}, but ${methods.join(' and ')}`;
    throw new Problem(405, 'Method not allowed', detail, { allowed: paths }, { allow: methods.join(', ') });
  }
  throw new Problem(404, 'Not found', `there is no ${request.method} ${path.slice(0, 100)}`, {
    allowed: paths,
  });
}

/** What may be done with a path that there is. */
function methodsOf(path: string): string[] {
  const known = path.replace(/^\/faults\/\d{1,15}$/, '/faults/<id>');
  return paths
    .map((line) => line.split(' '))
    .flatMap(([method, name]) => (name === known ? [method ?? ''] : []));
}

function describe(proxy: FaultProxy): Record<string, unknown> {
  const { kind, name, url, target, seed, http } = proxy;
  return { kind, name, url, target, seed, http, faultTypes, routes: paths };
}

function add(proxy: FaultProxy, received: unknown): unknown {
  if (typeof received !== 'object' || received === null || Array.isArray(received)) {
    throw new Problem(400, 'Invalid fault', 'the body must be a JSON object with a "type"', {
      allowed: faultTypes,
    });
  }
  const { direction, forMs, ...rest } = received as AddFaultOptions & Record<string, unknown>;
  const { type } = rest;
  if (!faultTypes.includes(type as never)) {
    const problem = `"type" must be one of ${faultTypes.join(', ')}`;
    throw new Problem(400, 'Unknown fault', problem, { allowed: faultTypes });
  }
  return proxy.add(readFault(rest), { direction, forMs });
}

function remove(proxy: FaultProxy, id: number): unknown {
  const fault = proxy.faults.find((candidate) => candidate.id === id);
  if (fault === undefined) {
    const present = proxy.faults.map((candidate) => candidate.id);
    throw new Problem(404, 'Not found', `there is no fault ${id}`, { faults: present });
  }
  fault.remove();
  return fault;
}
