import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const dist = path.resolve(import.meta.dirname, '../dist/index.js');

/** Runs a script in a process of its own, which must end by itself and without a word on stderr. */
async function child(script: string): Promise<string> {
  const program = `
    import { CircuitBreaker, CircuitBreakerGroup } from ${JSON.stringify(new URL(`file://${dist}`).href)};
    const fail = () => Promise.reject(new Error('broken'));
    ${script}`;
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', program], {
    timeout: 20_000,
  });
  expect(stderr).toBe('');
  return stdout.trim();
}

test('an open circuit, a hung probe and a thousand idle breakers keep no process alive', async () => {
  const output = await child(`
    const breakers = Array.from({ length: 1000 }, (_, index) => new CircuitBreaker({ name: 'b' + index }));
    const breaker = new CircuitBreaker({ name: 'a', failureThreshold: 1, openMs: 1, halfOpen: { leaseMs: 3_600_000 } });
    await breaker.execute(fail).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
    void breaker.execute(() => new Promise(() => {}));
    breaker.tryAcquire();
    breakers[0].isolate();
    console.log(breaker.state, process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length);
  `);
  expect(output).toBe('half-open 0');
});

test('nothing is left unhandled when callers handle what they get: failures, throws, rejections, aborts, late results', async () => {
  const output = await child(`
    process.on('unhandledRejection', (error) => console.error('unhandled', error));
    const breaker = new CircuitBreaker({ name: 'a', failureThreshold: 100 });
    const controller = new AbortController();
    const { signal } = controller;
    const handled = (call) => call.catch(() => {});
    handled(breaker.execute(fail));
    handled(breaker.execute(() => { throw new Error('thrown'); }));
    handled(breaker.execute(() => { throw new Error('thrown'); }, { signal }));
    handled(breaker.execute(() => new Promise((_, reject) => setTimeout(reject, 20, new Error('late'))), { signal }));
    handled(breaker.execute(() => new Promise((resolve) => setTimeout(resolve, 20)), { signal }));
    setTimeout(() => controller.abort(), 5);
    setTimeout(() => breaker.isolate(), 10);
    setTimeout(() => handled(breaker.execute(fail)), 15);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const { failed, ignored, rejected } = breaker.stats();
    console.log(failed, ignored, rejected);
  `);
  expect(output).toBe('3 2 1');
});

test('a failure that its caller forgot is not swallowed', async () => {
  const output = await child(`
    process.on('unhandledRejection', (error) => console.log('unhandled:', error.message));
    void new CircuitBreaker({ name: 'a' }).execute(fail);
  `);
  expect(output).toBe('unhandled: broken');
});

test('a group of breakers, in use, open and idle, keeps no process alive and sets no timer', async () => {
  const output = await child(`
    const group = new CircuitBreakerGroup({ name: 'hosts', maxBreakers: 100, idleMs: 3_600_000 });
    for (let key = 0; key < 1_000; key += 1) await group.execute('host ' + key, fail).catch(() => {});
    group.get('held').isolate();
    console.log(group.size, process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length);
  `);
  expect(output).toBe('100 0');
});

test('a process stays for a caller who waits for a probe, until he is answered and no longer', async () => {
  const output = await child(`
    const breaker = new CircuitBreaker({
      name: 'a', failureThreshold: 1, openMs: 1, halfOpen: { probes: 1, leaseMs: 3_600_000, waiting: { timeoutMs: 50 } },
    });
    await breaker.execute(fail).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
    breaker.tryAcquire();
    const start = performance.now();
    await breaker.execute(async () => 'never').catch((error) => console.log(error.code, error.state));
    process.on('exit', () => console.log(performance.now() - start < 5_000));
  `);
  expect(output).toBe('ERR_CIRCUIT_OPEN half-open\ntrue');
});
