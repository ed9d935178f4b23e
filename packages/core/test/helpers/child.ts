import { spawn } from 'node:child_process';

const core = new URL('../../dist/index.js', import.meta.url).href;

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
  /** From start to exit. */
  ms: number;
}

/** Runs a script in a Node of its own, with the built package as `core`. Use it where the end of the process is the question. */
export function runChild(script: string, flags: string[] = []): Promise<Ended> {
  const started = performance.now();
  const source = `import * as core from ${JSON.stringify(core)};\n${script}`;
  const child = spawn(process.execPath, [...flags, '--input-type=module', '--eval', source]);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) =>
      resolve({ status, stdout: stdout.trim(), stderr, ms: performance.now() - started }),
    );
  });
}
