// Loaded before pg-pool's own tests: `require('../')` in them is the pool in question, everything else is found from here.
const Module = require('node:module');
const path = require('node:path');

const tests = path.join(path.dirname(require.resolve('pg-pool-3-6-1')), 'test');
const original = Module._resolveFilename;

function subject() {
  if (process.env.POOL_IN_QUESTION === 'pg-pool') return require.resolve('pg-pool-3-6-1');
  return require.resolve('./strict-pool.cjs');
}

Module._resolveFilename = function resolve(request, parent, ...rest) {
  if (parent?.filename?.startsWith(tests)) {
    if (request === '../' || request === '../index') return subject();
    if (!request.startsWith('.') && !Module.builtinModules.includes(request)) return require.resolve(request);
  }
  return original.call(this, request, parent, ...rest);
};
