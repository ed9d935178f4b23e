// Which real parts this machine has. What needs a missing one is skipped by name, with the way to get it.
import { test } from 'vitest';
import { type PartName, provision } from '../services/index.mjs';

/** `test`, or a `test.skip` whose names say what is missing. */
export async function testWith(
  ...names: PartName[]
): Promise<(name: string, run: () => Promise<void>) => void> {
  const named = process.env.MAINSTAY_TEST_DATABASE_URL ? names.filter((name) => name !== 'postgres') : names;
  const missing = (await provision(named)).flatMap((part) => (part.available ? [] : [part]));
  if (missing.length === 0) return test;
  const why = missing.map(({ name, reason, hint }) => `${name}: ${reason} ${hint}`).join('; ');
  return (name, run) => test.skip(`${name} [skipped, ${why}]`, run);
}
