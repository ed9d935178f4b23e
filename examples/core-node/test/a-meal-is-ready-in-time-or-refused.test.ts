import { expect, test } from 'vitest';
import { getJson, startExample } from '../../../scripts/toolchain/start-example.js';

test('a meal is ready in time, or its guest is told that it is not', async () => {
  const { urls, stop } = await startExample('kitchen', { TIMEOUT_MS: '2000' });
  const order = async (ms: number) => {
    const response = await fetch(`${urls.kitchen}/?ms=${ms}`);
    return `${response.status} ${await response.text()}`;
  };
  expect(await order(1)).toBe('200 here you are');
  expect(await order(60_000)).toBe('503 not ready in 2000 ms');
  expect(await getJson(`${urls.kitchen}/stats`)).toMatchObject({ meals: 1, tooLateInTheLastMinute: 1 });
  expect(await stop()).toBe(0);
});

test('a wrong option is refused at the start, by its name', async () => {
  await expect(startExample('kitchen', { TIMEOUT_MS: '-5' })).rejects.toThrow(
    /Kitchen: option "timeoutMs".*-5/,
  );
});
