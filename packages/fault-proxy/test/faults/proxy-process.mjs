// A proxy in a process of its own, so that its memory is its own. Answers each line on stdin with its stats and memory.
import { createInterface } from 'node:readline';
import { createFaultProxy, readFault } from '../../dist/index.js';

const [port, fault] = process.argv.slice(2);
const proxy = await createFaultProxy({ target: { port: Number(port) } });
if (fault !== undefined) proxy.add(readFault(JSON.parse(fault)));
console.log(JSON.stringify({ port: proxy.port }));
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'close') break;
  console.log(JSON.stringify({ ...proxy.stats(), rssBytes: process.memoryUsage.rss() }));
}
await proxy.close();
// Nothing may keep this process alive now: it has to end by itself.
process.stdin.destroy();
