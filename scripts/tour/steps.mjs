// What the tour tries, in order. Each step drives the system from outside and says what it saw, or why it did not hold.
import { metric } from './exposition.mjs';
import { expect } from './visitor.mjs';

const repeats = 20;
const repeatedQuery = '/api/analytics/usage-by-model';

/**
 * @typedef {object} Stage
 * @property {import('./visitor.mjs').Visitor} visitor
 * @property {import('../services/index.mjs').Services} services
 * @property {Record<string, import('../system.mjs').Program>} standIns by model name
 */

const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

/** @param {Stage} stage @param {string} name @param {object} order what the stand-in is told */
async function tell({ standIns }, name, order) {
  const response = await fetch(`${standIns[name].url}/control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  });
  expect(
    response.ok,
    `the stand-in ${name} did not take the order ${JSON.stringify(order)}: ${response.status}`,
  );
}

/** Hits of both levels over all reads, as the metrics count them. */
async function hitRatio(visitor) {
  const { body } = await visitor.request('/metrics');
  const hits = metric(body, 'mainstay_cache_requests_total', { result: /hit|stale/ });
  const misses = metric(body, 'mainstay_cache_requests_total', { result: /miss/ });
  return { hits, misses };
}

const status = (visitor, path) => visitor.request(path).then((answer) => answer.status);

/** @type {{ title: string, needs?: 'redis' | 'postgres', run: (stage: Stage) => Promise<string> }[]} */
export const steps = [
  {
    title: 'the API is closed without a token',
    async run({ visitor }) {
      const answer = await visitor.request('/api/models');
      expect(answer.status === 401, `GET /api/models answered ${answer.status}`);
      return `401 ${answer.body.title ?? ''}`.trim();
    },
  },
  {
    title: 'log in',
    async run({ visitor }) {
      await visitor.logIn();
      const models = await visitor.request('/api/models');
      expect(models.status === 200, `GET /api/models answered ${models.status}`);
      return models.body.models.map(({ name, status: health }) => `${name}: ${health}`).join(', ');
    },
  },
  {
    title: 'chat: the first model answers, the conversation is kept',
    async run({ visitor }) {
      const { body, ms: took } = await visitor.chat('What keeps a service standing?');
      expect(body.model === 'sage' && !body.fallback, `${body.model} answered, fallback ${body.fallback}`);
      const kept = await visitor.request(`/api/conversations/${body.conversationId}`);
      expect(
        kept.status === 200 && kept.body.messages.length === 2,
        `the conversation is not there: ${kept.status}`,
      );
      return `${body.model} in ${ms(took)}; 2 messages kept`;
    },
  },
  {
    title: `the same query ${repeats} times: the hit ratio rises`,
    async run({ visitor }) {
      const before = await hitRatio(visitor);
      const seen = [];
      for (let i = 0; i < repeats; i++) {
        const answer = await visitor.request(repeatedQuery);
        expect(answer.status === 200, `${repeatedQuery} answered ${answer.status}`);
        seen.push({ state: answer.headers.get('x-cache'), took: answer.ms });
      }
      const after = await hitRatio(visitor);
      const hits = after.hits - before.hits;
      const misses = after.misses - before.misses;
      expect(hits >= repeats - 1, `${hits} hits and ${misses} misses`);
      return `first ${seen[0].state} ${ms(seen[0].took)}, then ${seen.at(-1).state} ${ms(seen.at(-1).took)}; ${Math.round((100 * hits) / (hits + misses))} % hits`;
    },
  },
  {
    title: 'the first model fails: its circuit opens, the second answers',
    async run(stage) {
      const { visitor } = stage;
      await tell(stage, 'sage', { mode: 'fail' });
      let asked = 0;
      const model = await visitor.until(
        "sage's circuit to open",
        async () => {
          asked += 1;
          const { body } = await visitor.chat('Are you still there?');
          expect(
            body.model === 'scout' && body.fallback,
            `${body.model} answered, fallback ${body.fallback}`,
          );
          return (await visitor.request('/api/models/sage')).body;
        },
        ({ circuit }) => circuit.state === 'open',
      );
      const { ms: took } = await visitor.chat('And now?');
      return `open after ${asked} chats, every one answered by scout; sage is ${model.status}; the next answer took ${ms(took)}`;
    },
  },
  {
    title: 'Redis is stopped: answers go on',
    needs: 'redis',
    async run({ visitor, services }) {
      await services.redis.stop();
      const { body } = await visitor.chat('Without Redis?');
      const query = await visitor.request(repeatedQuery);
      expect(query.status === 200, `${repeatedQuery} answered ${query.status}`);
      const health = await visitor.until(
        'the health report to notice',
        () => visitor.request('/health'),
        (answer) => answer.body.status === 'degraded',
      );
      const ready = await status(visitor, '/health/ready');
      expect(ready === 200, `/health/ready answered ${ready}`);
      return `${body.model} answers, the query too (${ms(query.ms)}); health: ${health.body.status}, ready: ${ready}`;
    },
  },
  {
    title: 'Postgres is stopped: not ready, but alive, and still answering',
    needs: 'postgres',
    async run({ visitor, services }) {
      await services.postgres.stop();
      const ready = await visitor.until(
        'readiness to turn red',
        () => status(visitor, '/health/ready'),
        (code) => code === 503,
      );
      const live = await status(visitor, '/health/live');
      expect(live === 200, `/health/live answered ${live}`);
      const { body } = await visitor.chat('Without Postgres?');
      expect(body.stored === false, 'the answer claims to be stored');
      return `ready: ${ready}, live: ${live}; ${body.model} answers, stored: ${body.stored}`;
    },
  },
  {
    title: 'Postgres comes back: ready again, and storing, by itself',
    needs: 'postgres',
    async run({ visitor, services }) {
      const started = performance.now();
      await services.postgres.start();
      await visitor.until(
        'readiness to turn green',
        () => status(visitor, '/health/ready'),
        (code) => code === 200,
      );
      await visitor.until(
        'an answer to be stored',
        () => visitor.chat('Back again?'),
        (answer) => answer.body.stored === true,
      );
      return `ready and storing ${ms(performance.now() - started)} after the start began`;
    },
  },
  {
    title: 'Redis comes back: the second level of the cache is used again',
    needs: 'redis',
    async run({ visitor, services }) {
      await services.redis.start();
      const { body } = await visitor.until(
        'the health report to show Redis up',
        async () => {
          await visitor.request(repeatedQuery);
          return visitor.request('/health');
        },
        (answer) => answer.body.checks?.redis?.status === 'up' && answer.body.checks?.cache?.status === 'up',
      );
      return `redis: ${body.checks.redis.status}, cache: ${body.checks.cache.status}`;
    },
  },
  {
    title: 'the first model recovers: its circuit closes by itself',
    async run(stage) {
      const { visitor } = stage;
      await tell(stage, 'sage', { mode: 'ok' });
      const { body } = await visitor.until(
        'sage to answer again',
        () => visitor.chat('Are you back?'),
        (answer) => answer.body.model === 'sage',
        60_000,
      );
      const model = await visitor.until(
        "sage's circuit to close",
        async () => {
          await visitor.chat('Once more?');
          return (await visitor.request('/api/models/sage')).body;
        },
        ({ circuit }) => circuit.state === 'closed',
        60_000,
      );
      return `${body.model} answers, its circuit is ${model.circuit.state}`;
    },
  },
];
