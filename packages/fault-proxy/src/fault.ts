import type { Clock } from '@mainstay/core';
import type { Connection } from './connection.js';
import type { AnswerPlan } from './http/answer-plan.js';
import type { Draw } from './random.js';
import type { Stage } from './stage.js';

/** Which way the bytes flow that a fault acts on; `both` acts on each way by itself. */
export type Direction = 'both' | 'to-target' | 'to-client';

/** One way through a connection. */
export type OneWay = Exclude<Direction, 'both'>;

/** How a connection ends: an orderly close, a reset, or without telling. */
export type CutMethod = 'fin' | 'rst' | 'half-open';

/** A fault as plain data, as it goes through the control API: a `type` and its options. */
export interface FaultSpec {
  readonly type: string;
}

/** What a stage of one lane of one connection may use. */
export interface StageTools {
  readonly clock: Clock;
  readonly random: Draw;
}

/** What a fault of the HTTP mode may use. */
export interface RequestTools {
  readonly random: Draw;
  /** False once the fault is removed: whoever is slow because of it stops being so. */
  readonly isActive: () => boolean;
}

/** Where a fault takes hold. */
export type Effect<Fault extends FaultSpec> =
  /** On the bytes of each lane. */
  | { readonly layer: 'stream'; stage(fault: Fault, tools: StageTools): Stage }
  /** On whole connections: called for each that is open, and for each that opens later. */
  | {
      readonly layer: 'connection';
      delayMs(fault: Fault): number;
      strike(fault: Fault, connection: Connection, direction: Direction): void;
    }
  /** On the listening socket itself. */
  | { readonly layer: 'listener' }
  /** When a connection arrives: true resets it instead of dialling. */
  | { readonly layer: 'accept'; drops(fault: Fault, random: Draw): boolean }
  /** On requests and responses of the HTTP mode. */
  | {
      readonly layer: 'request';
      /** Changes the plan where the fault meets this request. */
      plan(fault: Fault, plan: AnswerPlan, method: string, url: string, tools: RequestTools): void;
    };

/** Everything that the proxy knows about one type of fault. */
export interface FaultKind<Fault extends FaultSpec> {
  readonly type: Fault['type'];
  /** Checks the options and fills in the defaults. */
  readonly read: (options: never) => Fault;
  readonly effect: Effect<Fault>;
}
