const { PgPool } = require('@mainstay/pool/pg');

module.exports = class StrictPool extends PgPool {
  constructor(options, Client) {
    super({ ...options, compat: 'strict' }, Client);
  }
};
