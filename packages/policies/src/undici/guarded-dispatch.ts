import type { Dispatcher } from 'undici';
import { type Guard, signalOf } from '../guard.js';
import { BodyUsedError, endRetries, HttpStatusError, isReplayable } from '../http-status-error.js';
import { Attempt, type AttemptObserver, asError } from './attempt.js';

type Controller = Dispatcher.DispatchController;

/** What the caller's handler holds on to: the same for all attempts. */
class Facade implements Controller {
  readonly #calledOff = new AbortController();
  #target: Attempt | undefined;
  #paused = false;

  /** Aborted when the caller gives up before there is an answer. */
  get signal(): AbortSignal {
    return this.#calledOff.signal;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get aborted(): boolean {
    return this.#calledOff.signal.aborted;
  }

  get reason(): Error | null {
    return this.aborted ? (this.#calledOff.signal.reason as Error) : null;
  }

  get rawHeaders(): NonNullable<Controller['rawHeaders']> | null {
    return this.#target?.controller?.rawHeaders ?? null;
  }

  get rawTrailers(): NonNullable<Controller['rawTrailers']> | null {
    return this.#target?.controller?.rawTrailers ?? null;
  }

  attach(target: Attempt): void {
    this.#target = target;
  }

  pause(): void {
    this.#paused = true;
    this.#target?.controller?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#target?.controller?.resume();
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.#calledOff.abort(reason);
    this.#target?.abort(reason);
  }
}

/** One request as its caller sees it: one or more attempts, of which one answer, or an error, reaches the caller's handler. */
export class GuardedDispatch implements AttemptObserver {
  readonly isFailure: (statusCode: number) => boolean;
  readonly replayable: boolean;
  readonly #guard: Guard;
  readonly #dispatch: Dispatcher.Dispatch;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #facade = new Facade();
  readonly #context: Record<string, unknown> = {};
  /** Answers that nobody has decided about yet: the good ones, and the last of the failing ones. */
  readonly #good = new Set<Attempt>();
  #failing: Attempt | undefined;
  #attempts = 0;
  #lastFailure: unknown;
  #over = false;

  constructor(
    guard: Guard,
    isFailure: (statusCode: number) => boolean,
    dispatch: Dispatcher.Dispatch,
    request: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ) {
    this.isFailure = isFailure;
    this.replayable = isReplayable(request.body);
    this.#guard = guard;
    this.#dispatch = dispatch;
    this.#request = request;
    this.#handler = handler;
  }

  begin(): void {
    // At once, since the guard may wait and the caller must be able to call it off meanwhile.
    this.#handler.onRequestStart?.(this.#facade, this.#context);
    const { signal } = this.#facade;
    this.#execute(signal).then(
      (answer) => this.#deliver(answer),
      (error: unknown) => {
        const answer = error instanceof HttpStatusError ? error.response : undefined;
        if (answer !== undefined && answer === this.#failing) this.#deliver(answer);
        else this.#fail(error);
      },
    );
  }

  onStart(context: unknown): void {
    Object.assign(this.#context, context);
  }

  onInformation(...information: Parameters<AttemptObserver['onInformation']>): void {
    if (!this.#over) this.#handler.onResponseStart?.(this.#facade, ...information);
  }

  async #execute(signal: AbortSignal): Promise<unknown> {
    return this.#guard.execute((context) => this.#attempt(signalOf(context)), { signal });
  }

  async #attempt(signal: AbortSignal | undefined): Promise<Attempt> {
    this.#attempts += 1;
    if (this.#attempts > 1 && !this.replayable) throw new BodyUsedError(this.#lastFailure);
    // Only the last failure can be the answer, and the connection of the one before it may be the one that is waited for.
    this.#giveUpFailing();
    try {
      const answered = await new Promise<Attempt>((resolve, reject) => {
        this.#dispatch(this.#request, new Attempt(this, signal ?? this.#facade.signal, resolve, reject));
      });
      if (this.#over) answered.drop();
      else this.#good.add(answered);
      return answered;
    } catch (error) {
      this.#lastFailure = error;
      if (!this.replayable && !(signal ?? this.#facade.signal).aborted) endRetries(error);
      this.#giveUpFailing();
      this.#failing = error instanceof HttpStatusError ? (error.response as Attempt) : undefined;
      if (this.#over) this.#giveUpFailing();
      throw error;
    }
  }

  #deliver(answer: unknown): void {
    if (!(answer instanceof Attempt)) {
      this.#fail(new TypeError('A fallback of resilientInterceptor cannot stand in for an answer'));
      return;
    }
    this.#dropAllBut(answer);
    this.#facade.attach(answer);
    answer.deliver(this.#handler, this.#facade);
  }

  #fail(error: unknown): void {
    this.#dropAllBut(undefined);
    this.#handler.onResponseError?.(this.#facade, asError(error));
  }

  #dropAllBut(answer: Attempt | undefined): void {
    this.#over = true;
    for (const attempt of this.#good) if (attempt !== answer) attempt.drop();
    if (this.#failing !== answer) this.#giveUpFailing();
    this.#good.clear();
  }

  #giveUpFailing(): void {
    this.#failing?.drop();
    this.#failing = undefined;
  }
}
