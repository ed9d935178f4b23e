// A component of your own, in the shape of ours: one checked options object, a bounded wait, and stats.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  abortable,
  deadlinesOf,
  Histogram,
  MainstayError,
  monotonicClock,
  option,
  RollingWindow,
  readOptions,
} from '@mainstay/core';

class Kitchen {
  #latency = new Histogram();
  #tooLate = new RollingWindow({ windowMs: 60_000, buckets: 12, counters: 1 });
  #timeoutMs;

  /** @param {{ timeoutMs?: number }} options */
  constructor(options) {
    const timeoutMs = option.milliseconds({ min: 1, default: 100 });
    this.#timeoutMs = readOptions('Kitchen', options, { timeoutMs }).timeoutMs;
  }

  /** @param {number} takesMs */
  async cook(takesMs) {
    const start = monotonicClock.now();
    const giveUp = new AbortController();
    const tooLate = () =>
      giveUp.abort(new MainstayError('ERR_KITCHEN', `not ready in ${this.#timeoutMs} ms`));
    const deadline = deadlinesOf(monotonicClock).add(this.#timeoutMs, tooLate); // one timer, however many wait
    try {
      await abortable(sleep(takesMs, undefined, { signal: giveUp.signal }), giveUp.signal);
      this.#latency.record(monotonicClock.now() - start);
    } catch (error) {
      this.#tooLate.add(0);
      throw error;
    } finally {
      deadline.cancel();
    }
  }

  stats() {
    const [p50Ms, p99Ms] = [this.#latency.quantile(0.5), this.#latency.quantile(0.99)].map(Math.round);
    return { meals: this.#latency.count, p50Ms, p99Ms, tooLateInTheLastMinute: this.#tooLate.sum(0) };
  }
}

const kitchen = new Kitchen({ timeoutMs: Number(process.env.TIMEOUT_MS ?? 100) });

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://kitchen');
  if (pathname === '/stats') return response.end(JSON.stringify(kitchen.stats()));
  await kitchen.cook(Number(searchParams.get('ms') ?? 10)).then(
    () => response.end('here you are'),
    (error) => response.writeHead(503).end(error.message),
  );
});

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`kitchen at http://127.0.0.1:${port}`);
});
