// Asks a program for its version once; a stamp answers from then on, as long as the program's file is the same.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, systemIdentity, writeJson } from '../places.mjs';
import { runCommand } from '../run-command.mjs';

const versionTimeoutMs = 10_000;

/**
 * @param {import('./parts.mjs').Part} part
 * @param {{ source: string, binary: string, env: Record<string, string> }} found
 * @param {string} servicesDir
 * @returns {Promise<{ version: string } | { problem: string }>} a problem where it does not run
 */
export async function versionOf(part, found, servicesDir) {
  const { size, mtimeMs } = statSync(found.binary);
  const identity = { binary: found.binary, size, mtimeMs, system: systemIdentity() };
  const stampPath = join(servicesDir, 'stamps', `${found.source}-${part.name}.json`);
  const stamp = readJson(stampPath);
  if (stamp?.version && Object.entries(identity).every(([key, value]) => stamp[key] === value)) {
    return { version: stamp.version };
  }
  const result = await runCommand(found.binary, part.versionArguments, {
    timeoutMs: versionTimeoutMs,
    env: { ...process.env, ...found.env },
  });
  // Some print it to stderr.
  const version = part.versionPattern.exec(`${result.stdout}\n${result.stderr}`)?.[1];
  if (!result.ok || !version) return { problem: result.problem || `${found.binary} prints no version` };
  try {
    writeJson(stampPath, { ...identity, version });
  } catch {
    // A clone that may not be written to: the program is asked again next time.
  }
  return { version };
}
