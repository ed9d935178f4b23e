import { expect, test } from 'vitest';
import { post } from './support/client.js';
import { startProcess } from './support/process.js';

const start = () => startProcess({}, ['--port', '0', '--name', 'sage'], 'stand-in.js');

for (const [how, end] of [
  ['SIGTERM', (child) => void child.kill('SIGTERM')],
  ['SIGINT', (child) => void child.kill('SIGINT')],
  ['the end of its IPC channel', (child) => child.disconnect()],
] as [string, (child: ReturnType<typeof start>['child']) => void][]) {
  test(`a stand-in ends by ${how}, with a question under way`, async () => {
    const standIn = start();
    const url = await standIn.ready;
    await post(`${url}/control`, { mode: 'hang' });
    const question = { model: 'sage', messages: [{ role: 'user', content: 'hi' }] };
    const answer = post(`${url}/v1/chat/completions`, question).catch((error: unknown) => error);
    end(standIn.child);
    expect(await standIn.ended).toMatchObject({ code: 0, stderr: '' });
    expect(await answer).toBeInstanceOf(Error);
  });
}
