import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Fault, FaultProxyStats } from '../../src/index.js';

/** A proxy in a process of its own. */
export async function proxyProcess(targetPort: number, fault?: Fault) {
  const script = path.resolve(import.meta.dirname, 'proxy-process.mjs');
  const args = [script, String(targetPort), ...(fault === undefined ? [] : [JSON.stringify(fault)])];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<unknown> => JSON.parse((await lines.next()).value as string);
  const { port } = (await read()) as { port: number };
  return {
    port,
    pid: child.pid as number,
    async stats(): Promise<FaultProxyStats & { rssBytes: number }> {
      child.stdin.write('stats\n');
      return (await read()) as FaultProxyStats & { rssBytes: number };
    },
    /** @returns the exit code, once the process has ended by itself */
    async close(): Promise<number | null> {
      const exit = once(child, 'exit');
      child.stdin.write('close\n');
      return (await exit)[0] as number | null;
    },
    [Symbol.asyncDispose]: async () => void child.kill('SIGKILL'),
  };
}
