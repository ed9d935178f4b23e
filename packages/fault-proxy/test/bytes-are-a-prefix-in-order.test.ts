import { ManualClock } from '@mainstay/core';
import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  constant,
  integer,
  oneof,
  property,
  record,
} from 'fast-check';
import { expect, test } from 'vitest';
import { kindOf } from '../src/fault-kinds.js';
import {
  type ActiveFault,
  bandwidth,
  createFaultProxy,
  cut,
  cutAfter,
  type Fault,
  latency,
  slowClose,
  stall,
} from '../src/index.js';
import { Lane } from '../src/lane.js';
import { randomFrom } from '../src/random.js';
import { clientOf, counted, serve, until } from './helpers.js';

const faults: Arbitrary<Fault> = oneof(
  integer({ min: 0, max: 100 }).map((ms) => latency({ ms, jitterMs: ms, inFlightBytes: 5_000 })),
  integer({ min: 1, max: 100_000 }).map((bytesPerSecond) => bandwidth({ bytesPerSecond })),
  constant(stall()),
  integer({ min: 0, max: 100 }).map((ms) => slowClose({ ms })),
);
const cuts: Arbitrary<Fault> = integer({ min: 0, max: 20_000 }).map((bytes) => cutAfter({ bytes }));

type Step =
  | { do: 'send'; bytes: number }
  | { do: 'advance'; ms: number }
  | { do: 'add'; fault: Fault }
  | { do: 'remove'; index: number }
  | { do: 'clog' | 'drain' };

const steps = (someFaults: Arbitrary<Fault>): Arbitrary<Step[]> =>
  array(
    oneof(
      record({ do: constant('send' as const), bytes: integer({ min: 1, max: 3_000 }) }),
      record({ do: constant('advance' as const), ms: integer({ min: 0, max: 200 }) }),
      record({ do: constant('add' as const), fault: someFaults }),
      record({ do: constant('remove' as const), index: integer({ min: 0, max: 5 }) }),
      record({ do: oneof(constant('clog' as const), constant('drain' as const)) }),
    ),
    { maxLength: 60 },
  );

/** A lane between a source that keeps to its pauses and a sink that notes what comes. */
class Rig {
  readonly clock = new ManualClock();
  readonly got: Buffer[] = [];
  ended: string | undefined;
  paused = false;
  clogged = false;
  sentBytes = 0;
  #nextId = 0;
  #added: number[] = [];
  readonly lane = new Lane(
    {
      pause: () => {
        this.paused = true;
      },
      resume: () => {
        this.paused = false;
      },
    },
    {
      write: (chunk) => {
        expect(this.ended).toBeUndefined();
        this.got.push(chunk);
        return !this.clogged;
      },
      end: () => this.#end('fin'),
      reset: () => this.#end('rst'),
      cut: (how) => this.#end(how),
    },
    { bytes: 0 },
  );

  constructor(readonly sent: Buffer) {}

  #end(how: string): void {
    expect(this.ended).toBeUndefined();
    this.ended = how;
  }

  take(step: Step): void {
    if (step.do === 'send') this.send(step.bytes);
    else if (step.do === 'advance') this.clock.advance(step.ms);
    else if (step.do === 'add') this.add(step.fault);
    else if (step.do === 'remove') this.lane.remove(this.#added.splice(step.index, 1)[0] ?? -1);
    else {
      this.clogged = step.do === 'clog';
      if (!this.clogged) this.lane.drained();
    }
  }

  send(bytes: number): void {
    if (this.paused) return;
    this.lane.push(this.sent.subarray(this.sentBytes, this.sentBytes + bytes));
    this.sentBytes += bytes;
  }

  add(fault: Fault): void {
    const { effect } = kindOf(fault);
    if (effect.layer !== 'stream') throw new Error('not a fault on bytes');
    this.#nextId += 1;
    this.#added.push(this.#nextId);
    this.lane.insert(
      this.#nextId,
      effect.stage(fault, { clock: this.clock, random: randomFrom(this.#nextId) }),
    );
  }

  removeAll(): void {
    for (const id of this.#added) this.lane.remove(id);
    this.#added = [];
  }

  /** @returns how many bytes have arrived */
  checkPrefix(): number {
    const got = Buffer.concat(this.got);
    expect(got.equals(this.sent.subarray(0, got.length))).toBe(true);
    return got.length;
  }
}

const sent = counted(60 * 3_000);

test('what arrives is a prefix of what was sent; without cuts all of it arrives when the faults are gone, the end last', () => {
  assert(
    property(steps(faults), (script) => {
      const rig = new Rig(sent);
      for (const step of script) {
        rig.take(step);
        rig.checkPrefix();
      }
      rig.lane.end();
      rig.removeAll();
      expect(rig.checkPrefix()).toBe(rig.sentBytes);
      expect(rig.ended).toBe('fin');
      rig.clogged = false;
      rig.lane.drained();
      expect(rig.paused).toBe(false);
      expect(rig.clock.pendingTimers).toBeLessThanOrEqual(1);
    }),
    { numRuns: 500 },
  );
});

test('with cuts in the lane it is a prefix too, and nothing comes after the end', () => {
  assert(
    property(steps(oneof(faults, cuts)), (script) => {
      const rig = new Rig(sent);
      for (const step of script) {
        rig.take(step);
        rig.checkPrefix();
      }
      rig.lane.end();
      rig.removeAll();
      rig.checkPrefix();
      expect(['fin', undefined]).toContain(rig.ended);
    }),
    { numRuns: 500 },
  );
});

test('what a lane holds is bounded: a source that keeps to its pauses sends no more than the capacity and a chunk', () => {
  assert(
    property(array(faults, { minLength: 1, maxLength: 4 }), (some) => {
      const rig = new Rig(counted(4_000_000));
      for (const fault of some) rig.add(fault);
      rig.add(stall());
      rig.clogged = true;
      for (let index = 0; index < 1_000; index++) rig.send(4_000);
      expect(rig.paused).toBe(true);
      expect(rig.sentBytes).toBeLessThanOrEqual((some.length + 1) * (65_536 + 4_000));
    }),
    { numRuns: 100 },
  );
});

test('the same through real sockets, with faults that come, go and cut', async () => {
  const wireFaults = oneof(
    faults.filter(({ type }) => type !== 'bandwidth'),
    integer({ min: 100_000, max: 10_000_000 }).map((bytesPerSecond) => bandwidth({ bytesPerSecond })),
    integer({ min: 1, max: 400_000 }).map((bytes) => cutAfter({ bytes })),
    constant(cut({ how: 'fin' })),
  );
  const moves = array(record({ fault: wireFaults, keepTurns: integer({ min: 0, max: 20 }) }), {
    maxLength: 8,
  });
  const payload = counted(300_000);
  await using target = await serve((socket) => {
    socket.write(payload);
    socket.on('end', () => socket.end());
    socket.resume();
  });
  await assert(
    asyncProperty(moves, integer({ min: 0, max: 1_000 }), async (script, seed) => {
      await using proxy = await createFaultProxy({ target: { port: target.port }, seed });
      using client = clientOf(proxy.port);
      let wasCut = false;
      for (const { fault, keepTurns } of script) {
        wasCut ||= fault.type === 'cut' || fault.type === 'cutAfter';
        const active: ActiveFault = proxy.add(fault);
        for (let turn = 0; turn < keepTurns; turn++) await new Promise((resolve) => setImmediate(resolve));
        active.remove();
      }
      if (wasCut) await until(() => proxy.stats().cut > 0 || client.received().length === payload.length);
      else await client.has(payload.length);
      const got = client.received();
      expect(got.equals(payload.subarray(0, got.length))).toBe(true);
    }),
    { numRuns: 40 },
  );
});
