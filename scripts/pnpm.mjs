// Runs the pnpm that package.json pins, so that Node and npm are all a machine needs beforehand.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** `pnpm@10.34.9`; the pin may carry a `+sha512…` that npx does not understand. */
export function pinnedPnpm() {
  const { packageManager } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return packageManager.split('+')[0];
}

/** What npx has to be called with; `CI` keeps pnpm from asking questions where nobody can answer. */
export function pnpmCommand(args) {
  // `npm run --silent` would silence npx and pnpm as well, and with them the reason why something failed.
  const { npm_config_loglevel: _, ...inherited } = process.env;
  return {
    command: 'npx',
    args: ['--yes', pinnedPnpm(), ...args],
    env: { ...inherited, CI: process.env.CI ?? 'true', TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { command, args, env } = pnpmCommand(process.argv.slice(2));
  const child = spawn(command, args, { stdio: 'inherit', env, shell: process.platform === 'win32' });
  child.on('error', (error) => {
    console.error(`Could not run npx (${error.message}). npm comes with Node.js: https://nodejs.org`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 1 : (code ?? 1);
  });
}
