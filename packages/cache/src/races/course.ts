import { type Race, type RaceCourt, RaceLostError, type RaceSubject } from './court.js';

/** One race under way. */
export class Course {
  readonly court: RaceCourt;
  readonly subjects: RaceSubject[] = [];

  constructor(court: RaceCourt) {
    this.court = court;
  }

  async subject(): Promise<RaceSubject> {
    const subject = await this.court.subject();
    this.subjects.push(subject);
    return subject;
  }

  settle(milliseconds = this.court.settleMs ?? 50): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  async close(): Promise<void> {
    await Promise.all(this.subjects.map((subject) => subject.close()));
    await this.court.close?.();
  }
}

export function must(what: string, received: unknown, expected: unknown): void {
  if (!Object.is(received, expected)) throw new RaceLostError(what, expected, received);
}

export async function invalidate(subject: RaceSubject, tags: readonly string[]): Promise<void> {
  if (subject.invalidateTags === undefined) throw new RaceLostError('tags', 'supported', 'not supported');
  await subject.invalidateTags(tags);
}

export function race(
  number: string,
  name: string,
  subjects: 1 | 2,
  run: (course: Course) => Promise<void>,
): Race {
  return Object.freeze({
    number,
    name: `race ${number}: ${name}`,
    subjects,
    async run(court: () => RaceCourt | Promise<RaceCourt>) {
      const course = new Course(await court());
      try {
        await run(course);
      } finally {
        await course.close();
      }
    },
  });
}

export interface Held {
  load: () => Promise<unknown>;
  begun: Promise<void>;
  end(value: unknown): void;
}

/** A load that ends when it is told to. */
export function held(): Held {
  let begin = (): void => {};
  let end = (_value: unknown): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const value = new Promise<unknown>((resolve) => {
    end = resolve;
  });
  const load = (): Promise<unknown> => {
    begin();
    return value;
  };
  return { load, begun, end: (brought) => end(brought) };
}
