// An HTTP server in this process, 64 connections that each wait for the answer before they ask again, from a process of their
// own. Each handler does one asynchronous piece of work, bare or guarded; the contestants take turns on one server.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { figures } from '../../../scripts/bench/harness.mjs';
import { cockatiel3Wrap, mainstay, opossum, type Work } from './contestants.js';

const CONNECTIONS = 64;
const ROUNDS = 9;
const ROUND_MS = 1_000;

const work: Work = () => new Promise((resolve) => setImmediate(resolve, 42));
const ours = mainstay();
const theirs = opossum(work);
const wrapped = cockatiel3Wrap();

const handlers: Record<string, () => PromiseLike<unknown>> = {
  bare: work,
  'bare, once more: the noise': work,
  mainstay: () => ours.execute(work),
  'mainstay, the signal read': () => ours.execute(({ signal }) => (signal.aborted ? 0 : work())),
  'opossum 9': () => theirs.fire(),
  'cockatiel 3': () => wrapped.execute(work),
};

let handler: () => PromiseLike<unknown> = work;
const server = createServer((_request, response) => {
  handler().then(
    (result) => response.end(String(result)),
    () => response.writeHead(500).end(),
  );
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;

const client = `
  import { request, Agent } from 'node:http';
  const agent = new Agent({ keepAlive: true, maxSockets: ${CONNECTIONS} });
  let running = false, answered = 0, failed = 0;
  const ask = () => {
    if (!running) return;
    request({ port: ${port}, agent }, (response) => {
      response.resume().on('end', () => { response.statusCode === 200 ? answered++ : failed++; ask(); });
    }).on('error', () => { failed++; ask(); }).end();
  };
  process.on('message', (ms) => {
    running = true; answered = 0; failed = 0;
    const started = performance.now();
    for (let connection = 0; connection < ${CONNECTIONS}; connection++) ask();
    setTimeout(() => {
      running = false;
      const perSecond = answered / ((performance.now() - started) / 1000);
      setTimeout(() => process.send({ perSecond, failed }), 50);
    }, ms);
  });
`;
const load = spawn(process.execPath, ['--input-type=module', '--eval', client], {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});

function round(ms: number): Promise<{ perSecond: number; failed: number }> {
  return new Promise((resolve) => {
    load.once('message', (message) => resolve(message as { perSecond: number; failed: number }));
    load.send(ms);
  });
}

const names = Object.keys(handlers);
const measured = new Map<string, number[]>(names.map((name) => [name, []]));
let failed = 0;
for (let done = -1; done < ROUNDS; done += 1) {
  for (const name of [...names].sort(() => Math.random() - 0.5)) {
    handler = handlers[name] as () => PromiseLike<unknown>;
    const result = await round(ROUND_MS);
    failed += result.failed;
    if (done >= 0) measured.get(name)?.push(result.perSecond);
  }
}

const bare = measured.get('bare') as number[];
const sorted = (values: number[]) => [...values].sort((a, b) => a - b);
const middle = (values: number[]) => sorted(values)[Math.floor(values.length / 2)] as number;
figures({
  title: 'an HTTP server under load, 64 connections: requests a second with and without',
  target: 'with and without within noise',
  note: `${ROUNDS} rounds of ${ROUND_MS} ms each, interleaved; the client is a process of its own; ${failed} requests failed`,
  rows: names.map((name) => {
    const values = measured.get(name) as number[];
    const ratios = values.map((value, index) => value / (bare[index] as number));
    return {
      name,
      values: {
        'requests/s, median': Math.round(middle(values)),
        lowest: Math.round(sorted(values)[0] as number),
        highest: Math.round(sorted(values).at(-1) as number),
        'to bare, median': middle(ratios).toFixed(2),
      },
    };
  }),
});

load.kill();
theirs.shutdown();
server.closeAllConnections();
server.close();
