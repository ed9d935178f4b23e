import { ManualClock } from '@mainstay/core';
import fc from 'fast-check';
import { expect } from 'vitest';
import { type Lease, Pool } from '../../src/index.js';
import { turn } from './things.js';

/** What may happen in the world of a pool, in any order. Indexes choose among what is there at the time. */
export const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('acquire' as const),
      timeoutMs: fc.constantFrom(0, 5, 50),
      priority: fc.constantFrom(0, 0, 0, 1, 9),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tryAcquire' as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('release' as const), index: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('releaseAgain' as const), index: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('destroy' as const), index: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), index: fc.nat() }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('settle' as const), index: fc.nat(), well: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), index: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(1, 20, 300, 5_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('resize' as const),
      max: fc.integer({ min: 1, max: 4 }),
      overflow: fc.nat(2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('warm' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drain' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Resource {
  id: number;
  /** From creation to the call of destroy. */
  open: boolean;
  /** It has reported its own end. */
  lost: boolean;
  holders: number;
}

/** The pool under test, everything that it waits for, and everybody who waits for it. */
export class World {
  readonly clock = new ManualClock();
  readonly resources: Resource[] = [];
  /** Creations, validations, resets and destructions that have not been answered yet. */
  readonly unanswered: ((well: boolean) => void)[] = [];
  readonly loseable: (() => void)[] = [];
  readonly leases: Lease<Resource>[] = [];
  readonly ended: Lease<Resource>[] = [];
  readonly controllers: AbortController[] = [];
  asked = 0;
  settled = 0;
  opening = 0;
  warming = 0;
  readonly violations: string[] = [];
  readonly pool: Pool<Resource>;

  /** Open or opening at the last look. */
  open = 0;

  constructor(max: number, min: number, checks: boolean, overflow: number) {
    this.pool = new Pool<Resource>({
      name: 'model',
      max,
      min,
      overflow,
      maxConnecting: 2,
      maxQueued: 5,
      acquireTimeoutMs: 100,
      createTimeoutMs: 1_000,
      checkTimeoutMs: 200,
      idleTimeoutMs: 2_000,
      maxLifetimeMs: 10_000,
      validateAfterIdleMs: 10,
      clock: this.clock,
      create: ({ lost }) => this.#create(lost),
      destroy: (resource) => {
        if (!resource.open) this.violations.push(`resource ${resource.id} destroyed twice`);
        resource.open = false;
        return this.#answer();
      },
      leakAfterMs: 4_000,
      ...(checks ? { validate: () => this.#answer(), reset: () => this.#answer(), keepaliveMs: 1_000 } : {}),
    });
  }

  #create(lost: () => void): Promise<Resource> {
    this.opening += 1;
    return this.#answer().then((well) => {
      this.opening -= 1;
      if (!well) throw new Error('refused');
      const resource = { id: this.resources.length, open: true, lost: false, holders: 0 };
      this.resources.push(resource);
      this.loseable.push(() => {
        resource.lost = true;
        lost();
      });
      return resource;
    });
  }

  #answer(): Promise<boolean> {
    return new Promise((resolve) => this.unanswered.push(resolve));
  }

  async take(next: Step): Promise<void> {
    switch (next.do) {
      case 'acquire':
        this.#acquire(next.timeoutMs, next.priority);
        break;
      case 'tryAcquire': {
        const lease = this.pool.tryAcquire();
        if (lease !== undefined) this.#got(lease);
        break;
      }
      case 'release':
      case 'destroy':
        this.#giveBack(next.index, next.do);
        break;
      case 'releaseAgain':
        if (at(this.ended, next.index)?.release() === true)
          this.violations.push('a stale lease was released');
        break;
      case 'abort':
        at(this.controllers, next.index)?.abort();
        break;
      case 'settle':
        this.unanswered.splice(next.index % Math.max(1, this.unanswered.length), 1)[0]?.(next.well);
        break;
      case 'lose':
        at(this.loseable, next.index)?.();
        break;
      case 'advance':
        this.clock.advance(next.ms);
        break;
      case 'resize':
        this.pool.resize({ min: 0, max: next.max, overflow: next.overflow });
        break;
      case 'warm':
        this.warming += 1;
        this.pool.warm().then(this.#warmed, this.#warmed);
        break;
      case 'drain':
        void this.pool.drain({ timeoutMs: 1_000 });
        break;
    }
    await turn();
    this.#check();
  }

  readonly #warmed = (): void => {
    this.warming -= 1;
  };

  #acquire(timeoutMs: number, priority: number): void {
    const controller = new AbortController();
    this.controllers.push(controller);
    this.asked += 1;
    const options = timeoutMs === 0 ? {} : { timeoutMs };
    this.pool.acquire({ ...options, priority, signal: controller.signal }).then(
      (lease) => {
        this.settled += 1;
        this.#got(lease);
      },
      () => {
        this.settled += 1;
      },
    );
  }

  #got(lease: Lease<Resource>): void {
    // A drain that ran out of time may have taken it back before it arrived.
    if (!lease.active) return;
    const { resource } = lease;
    resource.holders += 1;
    if (resource.holders > 1) this.violations.push(`resource ${resource.id} is in two hands`);
    if (resource.lost) this.violations.push(`resource ${resource.id} was lent after it was lost`);
    if (!resource.open) this.violations.push(`resource ${resource.id} was lent after its end`);
    this.leases.push(lease);
  }

  #giveBack(index: number, how: 'release' | 'destroy'): void {
    const lease = this.leases.splice(index % Math.max(1, this.leases.length), 1)[0];
    if (lease === undefined) return;
    if (lease.active) lease.resource.holders -= 1;
    this.ended.push(lease);
    lease[how]();
  }

  #check(): void {
    const { size, idle, inUse, connecting, max, overflow, waiting, acquired, released } = this.pool.stats();
    // After a resize there may be more for a while; then nothing is added.
    if (size + connecting > Math.max(max + overflow, this.open)) {
      this.violations.push(`${size} open and ${connecting} opening of ${max} + ${overflow}`);
    }
    this.open = size + connecting;
    if (idle > max) this.violations.push(`${idle} idle of ${max}`);
    if (size !== idle + inUse) this.violations.push('size is not idle + inUse');
    if (waiting !== this.asked - this.settled) {
      this.violations.push(`${waiting} waiting, but ${this.asked - this.settled} callers have no answer`);
    }
    if (idle > 0 && waiting > inUse + connecting)
      this.violations.push('somebody waits beside an idle resource');
    if (released > acquired) this.violations.push('more released than lent');
    expect(this.violations).toEqual([]);
  }

  /** Everything is answered in the end, some of it badly; then nobody may be left waiting and nothing open. */
  async end(): Promise<void> {
    const drained = this.pool.drain({ timeoutMs: 1_000 });
    for (let round = 0; round < 5; round++) {
      for (const answer of this.unanswered.splice(0)) answer(round % 2 === 0);
      await this.clock.advanceAsync(1_000);
    }
    await drained;
    expect(this.settled).toBe(this.asked);
    expect(this.warming).toBe(0);
    expect(this.resources.filter((resource) => resource.open)).toEqual([]);
    expect(this.pool.stats()).toMatchObject({ size: 0, waiting: 0, connecting: 0 });
    expect(this.clock.pendingTimers).toBeLessThanOrEqual(1);
  }
}

const at = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];
