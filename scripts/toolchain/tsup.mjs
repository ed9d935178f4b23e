// How every published package is built: ESM, CommonJS and types from one source, for the oldest Node promised.
import { defineConfig } from 'tsup';

/** @param {string[]} entry the package's faces, `src/index.ts` first */
export const library = (entry = ['src/index.ts']) =>
  defineConfig({
    entry,
    format: ['esm', 'cjs'],
    // TypeScript 6 calls the baseUrl that tsup 8 sets deprecated.
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
    target: 'node20',
    platform: 'node',
    sourcemap: true,
    clean: true,
    treeshake: true,
    splitting: true,
  });
