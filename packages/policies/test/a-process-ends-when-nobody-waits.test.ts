import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';

const dist = (file: string) => JSON.stringify(new URL(`../dist/${file}.js`, import.meta.url).href);

/** Runs a script in a process of its own, with the built package; what it prints, and how long it lived. */
function child(
  script: string,
): Promise<{ stdout: string; stderr: string; status: number | null; ms: number }> {
  const source = `
    import { adaptiveConcurrency, bulkhead, fallback, hedge, pipeline, retry, RetryBudget, throttle, timeout } from ${dist('index')};
    import { chaos } from ${dist('chaos')};
    const started = performance.now();
    const fail = () => Promise.reject(new Error('broken'));
    const hang = () => new Promise(() => {});
    ${script}`;
  const running = spawn(process.execPath, ['--input-type=module', '--eval', source]);
  const output = { stdout: '', stderr: '' };
  running.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  running.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const began = performance.now();
  return new Promise((resolve, reject) => {
    running.once('error', reject);
    running.once('close', (status) =>
      resolve({
        stdout: output.stdout.trim(),
        stderr: output.stderr,
        status,
        ms: performance.now() - began,
      }),
    );
  });
}

test('a process whose only work is await retry(…) does not end early', async () => {
  const { stdout, stderr, status } = await child(`
    let calls = 0;
    const answer = await retry({ backoff: () => 150 }).execute(() => (++calls === 3 ? 'third' : fail()));
    console.log(answer, performance.now() - started >= 300);
  `);
  expect({ stdout, stderr, status }).toEqual({ stdout: 'third true', stderr: '', status: 0 });
});

test.each([
  ['a timeout', 'timeout({ timeoutMs: 200 }).execute(hang)', 'ERR_TIMEOUT'],
  [
    'a turn in a queue',
    '(() => { const b = bulkhead({ maxConcurrent: 1, maxQueued: 1, maxWaitMs: 200 }); b.execute(hang); return b.execute(hang); })()',
    'ERR_BULKHEAD_FULL',
  ],
  [
    'a hedge',
    '(() => { let n = 0; return hedge({ delayMs: 200 }).execute(() => (++n === 1 ? hang() : 1)); })()',
    'none',
  ],
  [
    'injected latency',
    'chaos({ enabled: true, latency: { rate: 1, minMs: 200, maxMs: 200 }, fault: { rate: 1 } }).execute(hang)',
    'ERR_CHAOS',
  ],
])('%s that somebody awaits keeps the process alive until it settles', async (_, call, code) => {
  const { stdout, status } = await child(`
    const code = await ${call}.then(() => 'none', (error) => error.code);
    console.log(code, performance.now() - started >= 190);
  `);
  expect({ stdout, status }).toEqual({ stdout: `${code} true`, status: 0 });
});

test('finished calls and idle policies keep no process alive and hold no timer', async () => {
  const { stdout, stderr, status, ms } = await child(`
    const shared = new RetryBudget();
    const all = [
      retry({ budget: shared }), timeout({ timeoutMs: 60_000 }), bulkhead({ maxConcurrent: 5, maxQueued: 5 }), hedge({ delayMs: 60_000, budget: shared }),
      fallback(() => 1), adaptiveConcurrency(), throttle(), chaos({ enabled: true, latency: { rate: 1, maxMs: 1 } }),
    ];
    const whole = pipeline(...all);
    const controller = new AbortController();
    for (let call = 0; call < 100; call += 1) await whole.execute(({ signal }) => signal.aborted, { signal: controller.signal });
    await pipeline(timeout({ timeoutMs: 60_000 }), bulkhead({ maxConcurrent: 1 })).execute(fail).catch(() => {});
    console.log('done');
  `);
  expect({ stdout, stderr, status }).toEqual({ stdout: 'done', stderr: '', status: 0 });
  expect(ms).toBeLessThan(20_000);
});

test('nothing is left unhandled when callers handle what they get, whatever comes late', async () => {
  const { stdout, stderr } = await child(`
    process.on('unhandledRejection', (error) => console.log('unhandled', error));
    const late = (ms) => () => new Promise((_, reject) => setTimeout(reject, ms, new Error('late')));
    const thrown = () => { throw new Error('thrown'); };
    const guards = [
      retry({ backoff: () => 5 }), timeout({ timeoutMs: 10 }), bulkhead({ maxConcurrent: 2, maxQueued: 1, maxWaitMs: 15 }),
      hedge({ delayMs: 5 }), fallback(thrown, fail), adaptiveConcurrency({ initialLimit: 2, maxQueued: 1 }), throttle(),
      pipeline(timeout({ timeoutMs: 20 }), retry({ backoff: () => 1 }), hedge({ delayMs: 5 }), timeout({ timeoutMs: 10 })),
    ];
    const calls = [];
    for (const guard of guards) for (const fn of [fail, thrown, late(30), late(60), hang, 'no function']) {
      const controller = new AbortController();
      calls.push(guard.execute(fn).then(() => {}, () => {}));
      calls.push(guard.execute(fn, { signal: controller.signal }).then(() => {}, () => {}));
      setTimeout(() => controller.abort(new Error('gone')), 8);
    }
    setTimeout(() => { console.log('done'); process.exit(0); }, 300);
  `);
  expect({ stdout, stderr }).toEqual({ stdout: 'done', stderr: '' });
});

test('a failure that its caller forgot is not swallowed', async () => {
  const { stdout } = await child(`
    process.on('unhandledRejection', (error) => console.log('unhandled', error.message));
    void pipeline(retry({ backoff: () => 1 }), timeout({ timeoutMs: 1_000 })).execute(fail);
  `);
  expect(stdout).toBe('unhandled broken');
});
