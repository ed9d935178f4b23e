// npm run setup installs, npm run build builds everything as well; both say what is wrong where that fails.
import { build, install } from './setup.mjs';
import { showError, stopOnSignals } from './stopping.mjs';

const { signal } = stopOnSignals();
try {
  await install({ signal });
  if (!process.argv.includes('--install-only')) {
    await build({ filters: ['./packages/*', './examples/*'], quiet: false, signal });
  }
} catch (error) {
  showError(error);
  process.exitCode = 1;
}
