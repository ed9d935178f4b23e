import { onAbort, withoutStack } from '@mainstay/core';
import type { Dispatcher } from 'undici';
import { decide } from '../ask.js';
import { HttpStatusError, isFailingStatus } from '../http-status-error.js';

type Controller = Dispatcher.DispatchController;
type Handler = Dispatcher.DispatchHandler;
type Headers = Parameters<NonNullable<Handler['onResponseStart']>>[2];
type Trailers = Parameters<NonNullable<Handler['onResponseEnd']>>[1];

/** Whom an attempt tells about what is of interest before it is decided. */
export interface AttemptObserver {
  readonly isFailure: (statusCode: number) => boolean;
  readonly replayable: boolean;
  onStart(context: unknown): void;
  onInformation(statusCode: number, headers: Headers, statusMessage: string | undefined): void;
}

/** More than that of an unwanted answer is not read: a new connection costs less. */
const MOST_DRAINED_BYTES = 128 * 1_024;

/**
 * One request on its way. Its answer is held, paused, until the pipeline has decided: then it is either delivered to the
 * caller's handler or drained. What arrives while it is held (a HEAD has no body to pause) is delivered afterwards.
 */
export class Attempt implements Handler {
  readonly #observer: AttemptObserver;
  readonly #resolve: (attempt: Attempt) => void;
  readonly #reject: (error: unknown) => void;
  #stopListening = (): void => {};
  #controller: Controller | undefined;
  #abortReason: { reason: Error } | undefined;
  #state: 'waiting' | 'held' | 'delivered' | 'dropped' = 'waiting';
  #held: ((receiver: Handler, facade: Controller) => void)[] = [];
  #receiver: Handler | undefined;
  #facade: Controller | undefined;
  #drained = 0;

  constructor(
    observer: AttemptObserver,
    signal: AbortSignal,
    resolve: (attempt: Attempt) => void,
    reject: (error: unknown) => void,
  ) {
    this.#observer = observer;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#stopListening = onAbort(signal, (reason) => this.abort(asError(reason)));
  }

  get controller(): Controller | undefined {
    return this.#controller;
  }

  abort(reason: Error): void {
    if (this.#controller === undefined) this.#abortReason ??= { reason };
    else this.#controller.abort(reason);
  }

  deliver(receiver: Handler, facade: Controller): void {
    if (this.#state !== 'held') return;
    this.#state = 'delivered';
    this.#receiver = receiver;
    this.#facade = facade;
    const held = this.#held;
    this.#held = [];
    try {
      for (const event of held) event(receiver, facade);
    } catch (error) {
      this.#failDelivery(receiver, facade, asError(error));
      return;
    }
    if (!facade.paused) this.#controller?.resume();
  }

  /** Nobody wants the answer. */
  drop(): void {
    const held = this.#state === 'held';
    this.#state = 'dropped';
    this.#held = [];
    if (held) this.#controller?.resume();
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#controller = controller;
    this.#observer.onStart(context);
    if (this.#abortReason !== undefined) controller.abort(this.#abortReason.reason);
  }

  onResponseStart(
    controller: Controller,
    statusCode: number,
    headers: Headers,
    statusMessage?: string,
  ): void {
    if (statusCode < 200) {
      this.#observer.onInformation(statusCode, headers, statusMessage);
      return;
    }
    this.#stopListening();
    if (this.#state === 'dropped') return;
    this.#state = 'held';
    controller.pause();
    this.#held.push((receiver, facade) =>
      receiver.onResponseStart?.(facade, statusCode, headers, statusMessage),
    );
    const { isFailure, replayable } = this.#observer;
    // Nothing may be thrown into undici's parser, which would leave the call without an answer.
    if (!decide('isFailure', isFailure, isFailingStatus(statusCode), statusCode)) this.#resolve(this);
    else
      this.#reject(withoutStack(() => new HttpStatusError<Attempt>(statusCode, headers, this, replayable)));
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#state === 'dropped') {
      this.#drained += chunk.length;
      if (this.#drained > MOST_DRAINED_BYTES)
        controller.abort(new Error('The answer is not wanted any more'));
      return;
    }
    this.#pass((receiver, facade) => receiver.onResponseData?.(facade, chunk));
  }

  onResponseEnd(_controller: Controller, trailers: Trailers): void {
    this.#pass((receiver, facade) => receiver.onResponseEnd?.(facade, trailers));
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#stopListening();
    if (this.#state === 'waiting') {
      this.#state = 'dropped';
      this.#reject(error);
      return;
    }
    this.#pass((receiver, facade) => receiver.onResponseError?.(facade, error));
  }

  /** A handler that throws is told of it, and loses its connection, as undici does where nothing stands in between. */
  #failDelivery(receiver: Handler, facade: Controller, error: Error): void {
    this.#state = 'dropped';
    this.#receiver = undefined;
    this.#controller?.abort(error);
    receiver.onResponseError?.(facade, error);
  }

  #pass(event: (receiver: Handler, facade: Controller) => void): void {
    if (this.#state === 'held') this.#held.push(event);
    else if (this.#receiver !== undefined && this.#facade !== undefined) event(this.#receiver, this.#facade);
  }
}

export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
}
