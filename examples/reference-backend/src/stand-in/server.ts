// A provider in a few lines of node:http: POST /v1/chat/completions to ask it, POST /control to spoil its mood.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  type Behaviour,
  behaviourSchema,
  completionFor,
  delayOf,
  garbageOf,
  wellBehaved,
} from './behaviour.js';

export function createStandIn(name: string): Server {
  let behaviour: Behaviour = wellBehaved;
  /** Questions received, and those whose asker hung up before the answer. */
  const counts = { asked: 0, hungUp: 0 };

  async function control(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST') {
      const result = behaviourSchema.safeParse(parseJson(await text(request)));
      if (!result.success)
        return reply(response, 400, { error: result.error.issues.map((issue) => issue.message) });
      behaviour = result.data;
    }
    reply(response, 200, { name, ...behaviour, ...counts });
  }

  async function chat(request: IncomingMessage, response: ServerResponse): Promise<void> {
    counts.asked += 1;
    response.on('close', () => {
      if (!response.writableFinished) counts.hungUp += 1;
    });
    const completion = completionFor(name, parseJson(await text(request)));
    if (completion === null)
      return reply(response, 400, { error: { message: 'model and messages are required' } });
    behave(behaviour, completion, response);
  }

  return createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://stand-in');
    const handle = pathname === '/control' ? control : pathname === '/v1/chat/completions' ? chat : notFound;
    Promise.resolve(handle(request, response)).catch(() => response.destroy());
  });
}

function behave(behaviour: Behaviour, completion: object, response: ServerResponse): void {
  if (behaviour.mode === 'hang') return;
  const answer = () => {
    if (response.destroyed) return;
    if (behaviour.mode === 'drop') return void response.destroy();
    if (behaviour.mode === 'fail')
      return reply(response, behaviour.status, { error: { message: 'told to fail' } });
    if (behaviour.mode !== 'garbage') return reply(response, 200, completion);
    const { type, body } = garbageOf(behaviour, completion);
    response.writeHead(200, { 'content-type': type }).end(body);
  };
  const timer = setTimeout(answer, delayOf(behaviour));
  response.on('close', () => clearTimeout(timer));
}

function notFound(_request: IncomingMessage, response: ServerResponse): void {
  reply(response, 404, { error: { message: 'try POST /v1/chat/completions or POST /control' } });
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}
