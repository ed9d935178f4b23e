import { defineConfig } from 'tsup';

// Two programs: the backend, and the stand-in for a model provider that runs beside it.
export default defineConfig({
  entry: { main: 'src/main.ts', 'stand-in': 'src/stand-in/main.ts' },
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  clean: true,
  splitting: false,
});
