import { type Clock, invalidOption, readOptions } from '@mainstay/core';
import type { ActiveFault, ActiveFaults } from './active-faults.js';
import type { Connection } from './connection.js';
import type { Direction, FaultKind, FaultSpec, OneWay } from './fault.js';
import { type Fault, kindOf } from './fault-kinds.js';
import type { AnswerPlan } from './http/answer-plan.js';
import type { Listener } from './listener.js';
import { type AddFaultOptions, addFields } from './options.js';
import { type Draw, randomFrom } from './random.js';

/** Parts of the seed of a sequence of random numbers, so that no two decision makers share one. */
const sequences = { 'to-target': 1, 'to-client': 2, accept: 3, request: 4 };

/** Puts each fault where it belongs: into lanes, onto connections, before the listener, into requests. */
export class FaultPlacement {
  requests = 0;
  requestsFaulted = 0;
  readonly #seed: number;
  readonly #clock: Clock;
  readonly #http: boolean;
  readonly #faults: ActiveFaults;
  readonly #listener: Listener;

  constructor(seed: number, clock: Clock, http: boolean, faults: ActiveFaults, listener: Listener) {
    this.#seed = seed;
    this.#clock = clock;
    this.#http = http;
    this.#faults = faults;
    this.#listener = listener;
  }

  /** @throws TypeError where the fault does not fit the proxy, or the options do not fit the fault */
  readAddOptions(fault: Fault, received: AddFaultOptions | undefined) {
    const { direction, forMs } = readOptions('add', received, addFields);
    const { layer } = kindOf(fault).effect;
    if (layer === 'request' && !this.#http) {
      throw new TypeError(
        `add: ${fault.type} is a fault of the HTTP mode, which createFaultProxy turns on with http: true`,
      );
    }
    if (direction !== undefined && layer !== 'stream' && layer !== 'connection') {
      throw invalidOption(
        'add',
        'direction',
        `must be absent for ${fault.type}, which has no direction`,
        direction,
      );
    }
    return { direction: direction ?? 'both', forMs } satisfies {
      direction: Direction;
      forMs: number | undefined;
    };
  }

  /** A fault was added: the connections that are open meet it. */
  placed(active: ActiveFault, connections: Iterable<Connection>): void {
    const { effect } = kindOf(active.fault);
    if (effect.layer === 'listener') this.#listener.refuse();
    for (const connection of [...connections]) this.#apply(active, connection);
  }

  removed(active: ActiveFault, connections: Iterable<Connection>): void {
    const { effect } = kindOf(active.fault);
    if (effect.layer === 'listener') this.#listener.admit();
    if (effect.layer !== 'stream' && effect.layer !== 'connection') return;
    for (const connection of [...connections]) connection.removeFault(active.id);
  }

  /** A connection was made: it meets the faults that are there. */
  equip(connection: Connection): void {
    for (const active of this.#faults) this.#apply(active, connection);
  }

  /** Whether a new connection is dropped. */
  drops(connectionId: number): boolean {
    for (const { id, fault } of this.#faults) {
      const { effect } = kindOf(fault);
      if (effect.layer !== 'accept') continue;
      if (effect.drops(fault, this.#random(id, sequences.accept, connectionId))) return true;
    }
    return false;
  }

  /** What the faults make of the answer to this request. */
  planFor(method: string, url: string): AnswerPlan {
    this.requests += 1;
    const plan: AnswerPlan = {};
    for (const active of this.#faults) {
      const { effect } = kindOf(active.fault);
      if (effect.layer !== 'request') continue;
      const random = this.#random(active.id, sequences.request, this.requests);
      effect.plan(active.fault, plan, method, url, { random, isActive: () => active.active });
    }
    if (Object.keys(plan).length > 0) this.requestsFaulted += 1;
    return plan;
  }

  #apply(active: ActiveFault, connection: Connection): void {
    const { id, fault, direction } = active;
    const { effect }: FaultKind<FaultSpec> = kindOf(fault);
    if (effect.layer === 'connection') {
      connection.strikeAfter(id, effect.delayMs(fault), () => effect.strike(fault, connection, direction));
    }
    if (effect.layer !== 'stream') return;
    const ways: OneWay[] = direction === 'both' ? ['to-target', 'to-client'] : [direction];
    for (const way of ways) {
      const random = this.#random(id, sequences[way], connection.id);
      connection.lanes[way].insert(id, effect.stage(fault, { clock: this.#clock, random }));
    }
  }

  #random(faultId: number, sequence: number, subject: number): Draw {
    return randomFrom(this.#seed, faultId, sequence, subject);
  }
}
