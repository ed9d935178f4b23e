import { broken, fail, LEASE_MS, OPEN_MS, type Peer, type Rule, type Subject, under } from './subject.js';
import { answerOf, deferred, moveWallClock, pass, settled } from './world.js';

export type Run = (peer: Peer) => Promise<unknown>;
type Scenario = (subject: Subject) => Promise<unknown>;

const on =
  (rule: Rule, scenario: Scenario): Run =>
  (peer) =>
    scenario(peer.make(rule));

const serve = (subject: Subject): Promise<unknown> => subject.call(async () => 'answer');

async function halfOpened(subject: Subject): Promise<void> {
  await fail(subject, 2);
  await pass(OPEN_MS);
}

export const lateSuccess = on('two failures', async (subject) => {
  const slow = deferred();
  under(subject, slow.promise);
  await halfOpened(subject);
  slow.resolve();
  await settled();
  return subject.state === 'closed' ? 'closed without a probe' : 'still to be probed';
});

export const lateFailure = on('two failures', async (subject) => {
  const slow = deferred();
  const probe = deferred();
  under(subject, slow.promise);
  await halfOpened(subject);
  under(subject, probe.promise);
  await settled();
  slow.reject(broken);
  await settled();
  probe.resolve();
  await settled();
  return subject.state;
});

export const failuresOfAnOlderTime = on('two failures', async (subject) => {
  const slow = [deferred(), deferred()];
  for (const { promise } of slow) under(subject, promise);
  await halfOpened(subject);
  await serve(subject);
  for (const { reject } of slow) reject(broken);
  await settled();
  return subject.state;
});

export const hungProbe = on('two failures', async (subject) => {
  await halfOpened(subject);
  under(subject, new Promise(() => {}));
  await settled();
  await pass(10 * LEASE_MS);
  const caller = new AbortController();
  const call = subject.call(async () => 'answer', caller.signal);
  const answer = await answerOf(call);
  caller.abort(new Error('the caller is gone'));
  await settled();
  return answer === 'no answer' ? await answerOf(call) : answer;
});

/** How many of a thousand callers, who came while the probe ran, are let loose on the dependency when it succeeds. */
async function releaseOf(subject: Subject): Promise<number> {
  const probe = deferred();
  let running = 0;
  await halfOpened(subject);
  under(subject, probe.promise);
  for (let caller = 0; caller < 1_000; caller += 1) {
    const work = () => {
      running += 1;
      return new Promise(() => {});
    };
    subject.call(work).catch(() => {});
  }
  probe.resolve();
  await settled();
  return running;
}

/** Of a thousand who come right after the probe has succeeded. */
async function admissionAfterTheProbe(subject: Subject): Promise<number> {
  let running = 0;
  await halfOpened(subject);
  await serve(subject);
  for (let caller = 0; caller < 1_000; caller += 1) {
    const work = () => {
      running += 1;
      return new Promise(() => {});
    };
    subject.call(work).catch(() => {});
  }
  await settled();
  return running;
}

const gentle =
  (scenario: Scenario): Run =>
  (peer) =>
    scenario(peer.gentle?.() ?? peer.make('two failures'));

export const releasedAtOnce = on('two failures', releaseOf);
export const releasedFromALine = gentle(releaseOf);
export const admittedAfterTheProbe = gentle(admissionAfterTheProbe);

export const failuresOfAnHourAgo = on('half of five in a second', async (subject) => {
  await fail(subject, 4);
  await pass(3_600_000);
  await fail(subject, 1);
  return subject.state;
});

export const wallClockSetBack = on('two failures', async (subject) => {
  await fail(subject, 2);
  moveWallClock(-3_600_000);
  await pass(OPEN_MS);
  return answerOf(serve(subject));
});

export const noPromise = on('two failures', async (subject) => {
  const answers = [];
  for (let calls = 0; calls < 3; calls += 1) answers.push(await answerOf(subject.call(() => undefined)));
  return { answers, state: subject.state };
});

export async function oneOptionsObject(peer: Peer): Promise<unknown> {
  const { calls, optionsAreUntouched } = peer.twins(async (name) => `the answer of ${name}`);
  const answers = [];
  for (const call of calls) answers.push(await call());
  return { second: answers[1], optionsAreUntouched };
}

export const listenerThrows = on('two failures', async (subject) => {
  subject.onSuccess(() => {
    throw new Error('a listener threw');
  });
  const answers = [];
  for (let calls = 0; calls < 2; calls += 1) answers.push(await answerOf(serve(subject)));
  return { answers, state: subject.state };
});

export const callersLeave = on('two failures', async (subject) => {
  for (let calls = 0; calls < 3; calls += 1) {
    const caller = new AbortController();
    const work = () =>
      new Promise((_resolve, reject) => {
        caller.signal.addEventListener('abort', () => reject(caller.signal.reason));
      });
    const call = subject.call(work, caller.signal);
    call.catch(() => {});
    await settled();
    caller.abort();
    await settled();
  }
  return subject.state;
});

export const restoredAfterATrip = on('two failures', async (subject) => {
  await pass(5 * OPEN_MS);
  await fail(subject, 2);
  return answerOf(serve(subject.restored()));
});

export const firstCallFails = on('defaults', async (subject) => {
  await fail(subject, 1);
  return subject.state;
});

export const manyUnderWay = on('half of ten', async (subject) => {
  for (let calls = 0; calls < 20; calls += 1) under(subject, new Promise(() => {}));
  await fail(subject, 10);
  return subject.state;
});

export const foreignThenable = on('two failures', async (subject) => {
  // biome-ignore lint/suspicious/noThenProperty: what a promise of another library looks like
  const thenable = { then: (resolve: (value: unknown) => void) => resolve('answer') };
  return subject.call(() => thenable);
});
