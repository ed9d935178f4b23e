// A real stand-in provider over real HTTP, in this process.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createStandIn } from '../../src/stand-in/server.js';

export interface StandIn {
  name: string;
  url: string;
  /** Tells it how to behave; resolves to its counts. */
  control(behaviour: object): Promise<void>;
  counts(): Promise<{ asked: number; hungUp: number }>;
  close(): Promise<void>;
}

export async function startStandIn(name: string): Promise<StandIn> {
  const server = createStandIn(name);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    name,
    url,
    control: async (behaviour) => {
      const response = await fetch(`${url}/control`, { method: 'POST', body: JSON.stringify(behaviour) });
      if (!response.ok) throw new Error(await response.text());
    },
    counts: async () => (await fetch(`${url}/control`)).json() as Promise<{ asked: number; hungUp: number }>,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The value of MODELS for these stand-ins. */
export const modelsOf = (standIns: readonly { name: string; url: string }[], timeoutMs = 1_000) =>
  JSON.stringify(standIns.map(({ name, url }) => ({ name, baseUrl: `${url}/v1`, timeoutMs })));
