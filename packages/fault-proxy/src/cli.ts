#!/usr/bin/env node
import { type CliArguments, readArguments, UsageError, usage } from './cli-arguments.js';
import { createFaultControl, type FaultControl } from './control/fault-control.js';
import { readFault } from './fault-kinds.js';
import { createFaultProxy, type FaultProxy } from './fault-proxy.js';
import type { AddFaultOptions } from './options.js';

async function main(): Promise<void> {
  const asked = readArguments(process.argv.slice(2));
  if (asked === undefined) {
    process.stdout.write(usage);
    return;
  }
  const proxy = await createFaultProxy({
    ...asked.listen,
    target: asked.target,
    http: asked.http,
    ...(asked.seed === undefined ? {} : { seed: asked.seed }),
  });
  const control = await startRest(asked, proxy).catch(async (error: unknown) => {
    await proxy.close();
    throw error;
  });
  // Before anything is told: who reads it may send a signal at once.
  closeOnSignal(proxy, control);
  console.log(`fault-proxy: ${proxy.url} -> ${proxy.name} (seed ${proxy.seed})`);
  if (control) console.log(`fault-proxy: control API at ${control.url}`);
}

async function startRest(asked: CliArguments, proxy: FaultProxy): Promise<FaultControl | undefined> {
  for (const received of asked.faults) {
    const { direction, forMs, ...fault } = Object(received) as AddFaultOptions;
    proxy.add(readFault(fault), { direction, forMs });
  }
  return asked.control && (await createFaultControl({ proxy, ...asked.control }));
}

/** Everything is closed, so nothing keeps the process alive and it ends by itself, with exit code 0. */
function closeOnSignal(proxy: FaultProxy, control: FaultControl | undefined): void {
  const close = (): void => {
    process.off('SIGINT', close);
    process.off('SIGTERM', close);
    void control?.close();
    void proxy.close();
  };
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
}

main().catch((error: unknown) => {
  const { message } = error as Error;
  const wrongUse = error instanceof UsageError || error instanceof TypeError || error instanceof RangeError;
  console.error(wrongUse ? `fault-proxy: ${message}\n\n${usage}` : `fault-proxy: ${message}`);
  process.exitCode = wrongUse ? 2 : 1;
});
