import { afterEach, beforeEach, vi } from 'vitest';

/** The warnings that were emitted during the test, kept off stderr. */
export function collectWarnings(): { message: string; code: unknown }[] {
  const warnings: { message: string; code: unknown }[] = [];
  beforeEach(() => {
    warnings.length = 0;
    vi.spyOn(process, 'emitWarning').mockImplementation((warning: string | Error, options?: unknown) => {
      warnings.push({ message: String(warning), code: (options as { code?: unknown } | undefined)?.code });
    });
    // The reports are bounded by the second of the clock: every test has one of its own.
    second += 10_000;
    const start = performance.now();
    const real = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => real() - start + second);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return warnings;
}

let second = 1_000_000;
