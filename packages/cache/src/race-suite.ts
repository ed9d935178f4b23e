/**
 * The races that a cache must not lose, as a suite for any cache and any test runner:
 *
 *     for (const { name, run } of races) test(name, () => run(makeSubjects));
 *
 * Each race rejects with a RaceLostError that says what was seen. Nothing in it waits for a time longer than `settleMs`.
 */

import { type Course, held, invalidate, must, race } from './races/course.js';
import type { Race, RaceSubject } from './races/court.js';

export {
  type Race,
  type RaceCourt,
  type RaceEntryOptions,
  RaceLostError,
  type RaceSubject,
} from './races/court.js';

const TAGS = { ttlMs: 60_000, tags: ['race'] };
type Change = (subject: RaceSubject) => Promise<unknown>;
const asNew = async (): Promise<string> => 'new';

/** A change while an older load is under way: who reads later must not get what the load brought. */
const duringALoad = (change: Change, across: boolean) => async (course: Course) => {
  const loading = await course.subject();
  const changing = across ? await course.subject() : loading;
  const old = held();
  const early = loading.getOrSet('key', old.load, TAGS);
  await old.begun;
  await change(changing);
  // A cache that compares times must not win by the two falling into one millisecond.
  await course.settle(5);
  old.end('old');
  await early;
  await course.settle();
  must('a read after it', await loading.getOrSet('key', asNew, TAGS), 'new');
  must('a read of a new process', await (await course.subject()).getOrSet('key', asNew, TAGS), 'new');
};

const duringARefresh: (change: Change, expected: string) => (course: Course) => Promise<void> =
  (change, expected) => async (course) => {
    const subject = await course.subject();
    await subject.set('key', 'first', { ttlMs: 20, staleMs: 60_000, tags: ['race'] });
    await course.settle(60);
    const old = held();
    const stale = subject.getOrSet('key', old.load, { ...TAGS, staleMs: 60_000 });
    await old.begun;
    await change(subject);
    old.end('old');
    await stale;
    await course.settle();
    must('a read after it', await subject.getOrSet('key', async () => expected, TAGS), expected);
  };

const heardByAnother = (change: Change, cut: boolean) => async (course: Course) => {
  const [a, b] = [await course.subject(), await course.subject()];
  await a.set('key', 'old', TAGS);
  await b.getOrSet('key', asNew, TAGS);
  await b.getOrSet('key', asNew, TAGS);
  await course.settle();
  if (cut) await course.court.cutMessages?.();
  await change(a);
  await course.settle(cut ? (course.court.maxStaleMs ?? 1_500) : undefined);
  must('a read of the other process', await b.getOrSet('key', asNew, TAGS), 'new');
};

const oneValue = (value: unknown) => async (course: Course) => {
  const [a, b] = [await course.subject(), await course.subject()];
  await a.getOrSet('key', async () => value);
  await course.settle();
  must('a read of the other process', await b.getOrSet('key', async () => 'loaded again'), value);
};

async function sameShape(course: Course): Promise<void> {
  const subject = await course.subject();
  const load = async (): Promise<unknown> => ({ at: new Date(0), gap: Number.NaN, map: new Map([[1, 2]]) });
  const shapeOf = (value: unknown): string =>
    Object.values(value as object)
      .map((part) => Object.prototype.toString.call(part))
      .join(' ');
  const first = shapeOf(await subject.getOrSet('key', load));
  must('the shape of a cached answer', shapeOf(await subject.getOrSet('key', load)), first);
}

async function failures(course: Course): Promise<void> {
  const subject = await course.subject();
  let calls = 0;
  const load = async (): Promise<never> => {
    calls += 1;
    await course.settle(5);
    throw new Error('down');
  };
  const callers = Array.from({ length: 200 }, () => subject.getOrSet('key', load));
  const results = await Promise.allSettled(callers);
  must('callers who were told', results.filter(({ status }) => status === 'rejected').length, 200);
  must('calls of the loader', calls, 1);
}

async function oneLoad(course: Course): Promise<void> {
  const [a, b] = [await course.subject(), await course.subject()];
  let calls = 0;
  const load = async (): Promise<string> => {
    calls += 1;
    await course.settle(100);
    return 'value';
  };
  await Promise.all([a, b, a, b].map((subject) => subject.getOrSet('key', load, TAGS)));
  must('calls of the loader', calls, 1);
}

async function sameMoment(course: Course): Promise<void> {
  const subject = await course.subject();
  for (let round = 0; round < 25; round += 1) {
    await invalidate(subject, TAGS.tags);
    await subject.set(`key ${round}`, round, TAGS);
    must('a set right after', await subject.getOrSet(`key ${round}`, async () => 'lost', TAGS), round);
  }
}

async function endsOfTime(course: Course): Promise<void> {
  const subject = await course.subject();
  // A cache that refuses everything has not held this.
  await subject.set('key', 'kept', { ttlMs: 60_000 });
  await subject.delete('key');
  for (const ttlMs of [Number.NaN, -5]) {
    try {
      await subject.set('key', 'kept', { ttlMs });
    } catch {
      continue;
    }
    must(`a value with a ttl of ${ttlMs}`, await subject.getOrSet('key', asNew), 'new');
  }
}

async function nullIsAValue(course: Course): Promise<void> {
  const subject = await course.subject();
  let calls = 0;
  const load = async (): Promise<null> => {
    calls += 1;
    return null;
  };
  for (let read = 0; read < 3; read += 1) must('null', await subject.getOrSet('key', load), null);
  must('calls of the loader', calls, 1);
}

async function anyKey(course: Course): Promise<void> {
  const subject = await course.subject();
  for (const key of ['__proto__', 'constructor', 'toString', '🙂', 'k'.repeat(10_240)]) {
    must('a load', await subject.getOrSet(key, async () => `of ${key}`), `of ${key}`);
    must('a read after it', await subject.getOrSet(key, asNew), `of ${key}`);
  }
}

async function special(course: Course): Promise<void> {
  const subject = await course.subject();
  must('what the loader brought', await subject.getOrSet('key', async () => 5n), 5n);
}

/** Clocks of two machines differ: the one that writes is 5 s ahead. */
async function clocksDiffer(course: Course): Promise<void> {
  const [ahead, right] = [await course.subject(), await course.subject()];
  const { now } = Date;
  try {
    Date.now = () => now() + 5_000;
    await ahead.set('key', 'old', TAGS);
  } finally {
    Date.now = now;
  }
  must('a read by another', await right.getOrSet('key', asNew, TAGS), 'old');
  await invalidate(right, TAGS.tags);
  await course.settle();
  must('a read of a new process', await (await course.subject()).getOrSet('key', asNew, TAGS), 'new');
}

const remove: Change = (subject) => subject.delete('key');
const replace: Change = (subject) => subject.set('key', 'new', TAGS);
const void_: Change = (subject) => invalidate(subject, TAGS.tags);

/** Numbered as in the table of the package's documentation. */
export const races: readonly Race[] = Object.freeze([
  race('1', 'a delete during a load', 1, duringALoad(remove, false)),
  race('1x', 'a delete by another process during a load', 2, duringALoad(remove, true)),
  race('2', 'a tag invalidated during a load', 1, duringALoad(void_, false)),
  race('2x', 'a tag invalidated by another process during a load', 2, duringALoad(void_, true)),
  race('3', 'a set during a load', 1, duringALoad(replace, false)),
  race('3x', 'a set by another process during a load', 2, duringALoad(replace, true)),
  race('3b', 'a set during a background refresh', 1, duringARefresh(replace, 'new')),
  race('4', 'a delete is heard by another process', 2, heardByAnother(remove, false)),
  race('5', 'a delete while messages are cut off', 2, heardByAnother(remove, true)),
  race('5b', 'a tag invalidated while messages are cut off', 2, heardByAnother(void_, true)),
  race('6', 'a failing load has one call, and tells all its callers', 1, failures),
  race('7', 'null is cached', 1, nullIsAValue),
  race('7b', '0 is a value for another process', 2, oneValue(0)),
  race('7b', 'false is a value for another process', 2, oneValue(false)),
  race('7b', 'null is a value for another process', 2, oneValue(null)),
  race('9', 'keys of any kind', 1, anyKey),
  race('10', 'the first caller gets the shape that later ones get', 2, sameShape),
  race('10b', 'a value that cannot be stored reaches its caller', 1, special),
  race('11', 'a ttl that makes no sense keeps nothing for ever', 1, endsOfTime),
  race('12', 'one load for two processes', 2, oneLoad),
  race('13', 'a tag invalidated after a writer whose clock is ahead', 2, clocksDiffer),
  race('14', 'a set right after an invalidation of its tag stays', 1, sameMoment),
  race('16', 'a tag invalidated by one process is heard by another', 2, heardByAnother(void_, false)),
]);
