// The one place that knows where a real server comes from, for `npm start`, the tour, tests and benches alike.
export { fingerprint } from './fingerprint.mjs';
export { provision } from './provision.mjs';
export { startServices } from './services.mjs';
export { testDatabase } from './test-database.mjs';
