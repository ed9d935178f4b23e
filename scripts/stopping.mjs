// Ctrl-C for the commands of this project: the first ends orderly, the second forces.
import { SetupError } from './setup.mjs';

/** npm passes on the Ctrl-C that the terminal has already brought us: the two are one. */
const sameKeyPressMs = 200;

/**
 * Listens for SIGINT, SIGTERM and SIGHUP for the rest of the process.
 * @param {(name: string, count: number) => void} [onSignal] told of each; `count` begins at 1
 * @returns {{ signal: AbortSignal, count: () => number }} aborted with the first
 */
export function stopOnSignals(onSignal = () => {}) {
  const controller = new AbortController();
  let count = 0;
  let lastAt = Number.NEGATIVE_INFINITY;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => {
      const now = performance.now();
      if (now - lastAt < sameKeyPressMs) return;
      lastAt = now;
      count += 1;
      controller.abort(new SetupError(`${name}: stopped before the end.`));
      onSignal(name, count);
    });
  }
  return { signal: controller.signal, count: () => count };
}

/** Shows what a person can act on as its message alone, everything else with its stack. @param {unknown} error */
export function showError(error) {
  const known = error instanceof SetupError || /^ERR_SERVICE/.test(error?.code);
  console.error(known ? `\n${error.message}` : error);
}
