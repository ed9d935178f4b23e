import {
  type Agent,
  type IncomingMessage,
  type InformationEvent,
  request as openRequest,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { Clock } from '@mainstay/core';
import { reset } from '../sockets.js';
import { AlteredAnswer } from './altered-answer.js';
import { type AnswerPlan, alters } from './answer-plan.js';
import { answerHeaders, MOST_HEADER_BYTES, requestHeaders } from './headers.js';

export interface Forwarding {
  readonly clock: Clock;
  readonly target: { readonly host: string; readonly port: number };
  readonly agent: Agent;
  readonly plan: AnswerPlan;
}

/** Asks the target. Settles when the answer is written or the connection is gone; never rejects. */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { clock, target, agent, plan }: Forwarding,
): Promise<void> {
  return new Promise((resolve) => {
    const { socket } = request;
    const done = (): void => {
      socket.off('close', done);
      resolve();
    };
    response.once('close', done);
    socket.once('close', done);
    const forwarded = openRequest({
      ...target,
      method: request.method,
      path: request.url,
      headers: requestHeaders(request, target),
      agent,
      setHost: false,
      maxHeaderSize: MOST_HEADER_BYTES,
    });
    // An upload that is answered before its end, or left by its client, is of no use to the target any more.
    response.once('close', () => {
      request.unpipe(forwarded);
      request.resume();
      forwarded.destroy();
    });
    let answered: IncomingMessage | undefined;
    forwarded.on('error', () => {
      if (answered?.complete !== true && !response.writableFinished) reset(socket);
    });
    forwarded.on('information', (information) => inform(information, request, response));
    forwarded.on('response', (answer) => {
      answered = answer;
      if (alters(plan)) {
        const altered = new AlteredAnswer(socket, request, answer, plan, clock);
        altered.write().catch(() => socket.destroy());
      } else passOn(answer, request, socket, response);
    });
    // The head does not wait for the body: who asks may wait for an answer before it sends one.
    forwarded.flushHeaders();
    request.pipe(forwarded);
  });
}

/** What comes before the answer: 100 Continue, which the client waits for, 102 Processing, 103 Early Hints. */
function inform(information: InformationEvent, request: IncomingMessage, response: ServerResponse): void {
  if (request.httpVersion !== '1.1' || response.headersSent) return;
  const { statusCode, headers } = information;
  if (statusCode === 100) response.writeContinue();
  else if (statusCode === 102) response.writeProcessing();
  else if (statusCode === 103) {
    try {
      response.writeEarlyHints(headers as Record<string, string | string[]>);
    } catch {
      // Hints that Node does not take may be left out; the answer is still to come.
    }
  }
}

/** The socket is given by itself: a request that is over has lost its own. */
function passOn(
  answer: IncomingMessage,
  request: IncomingMessage,
  socket: Socket,
  response: ServerResponse,
): void {
  response.sendDate = false;
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answerHeaders(answer, request));
  } catch {
    socket.destroy();
    return;
  }
  pipeline(answer, response, (error) => {
    if (error) socket.destroy();
  });
}
