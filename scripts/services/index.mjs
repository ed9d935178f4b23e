// The one place that knows where a real server comes from, for `npm start`, the tour, tests and benches alike.
export { fingerprint } from './fingerprint.mjs';
export { askRedis, startRedisCluster } from './redis-cluster.mjs';
export { startServices } from './services.mjs';
export { provision } from './sources/provision.mjs';
export { testDatabase } from './test-database.mjs';
