import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { redisTest } from './support/redis.js';

for (const away of [false, true]) {
  redisTest(
    `a process whose client has ended can end, though its bus was never closed${away ? ', and Redis is gone' : ''}`,
    async ({ server }) => {
      const child = fork(new URL('support/ending-process.mjs', import.meta.url), [`${server.port}`]);
      const ended = once(child, 'exit');
      try {
        await once(child, 'message');
        if (away) await server.stop();
        child.send('go');
        // If it does not end, the test's own timeout says so.
        expect(await ended).toEqual([0, null]);
      } finally {
        child.kill('SIGKILL');
      }
    },
  );
}
