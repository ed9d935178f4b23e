// The few messages of the PostgreSQL protocol that a start needs: connect without a password, one simple query, goodbye.
// https://www.postgresql.org/docs/current/protocol-message-formats.html
import { connect } from 'node:net';

const protocolVersion = 196_608;

/** @param {Record<string, string>} parameters */
function startupMessage(parameters) {
  const body = Object.entries(parameters).flat();
  const text = Buffer.from(`${body.join('\0')}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(text.length + 8, 0);
  head.writeInt32BE(protocolVersion, 4);
  return Buffer.concat([head, text]);
}

/** @param {string} sql */
function queryMessage(sql) {
  const text = Buffer.from(`${sql}\0`);
  const head = Buffer.alloc(5);
  head.write('Q', 0);
  head.writeInt32BE(text.length + 4, 1);
  return Buffer.concat([head, text]);
}

/** @param {Buffer} body */
function errorFrom(body) {
  const fields = Object.fromEntries(
    body
      .toString()
      .split('\0')
      .filter(Boolean)
      .map((field) => [field[0], field.slice(1)]),
  );
  return Object.assign(new Error(fields.M ?? 'PostgreSQL reported an error'), { code: fields.C });
}

/** @param {Buffer} body */
function rowFrom(body) {
  const row = [];
  let offset = 2;
  for (let column = 0; column < body.readInt16BE(0); column++) {
    const length = body.readInt32BE(offset);
    offset += 4;
    row.push(length < 0 ? null : body.toString('utf8', offset, offset + length));
    offset += Math.max(0, length);
  }
  return row;
}

/**
 * @param {Buffer} buffer
 * @param {(type: string, body: Buffer) => void} onMessage
 * @returns {Buffer} what is not yet a whole message
 */
function splitMessages(buffer, onMessage) {
  let rest = buffer;
  while (rest.length >= 5 && rest.length >= rest.readInt32BE(1) + 1) {
    const end = rest.readInt32BE(1) + 1;
    onMessage(String.fromCharCode(rest[0] ?? 0), rest.subarray(5, end));
    rest = rest.subarray(end);
  }
  return rest;
}

/**
 * @param {{ host?: string, port: number, user: string, database: string, timeoutMs: number }} target
 * @param {string} sql
 * @returns {Promise<(string | null)[][]>} rows
 */
export function queryPostgres({ host = '127.0.0.1', port, user, database, timeoutMs }, sql) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    /** @type {(string | null)[][]} */
    const rows = [];
    /** @type {Error | undefined} */
    let failure;
    let asked = false;
    /** @type {Buffer} */
    let pending = Buffer.alloc(0);
    const timer = setTimeout(() => finish(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const finish = (/** @type {Error | undefined} */ error) => {
      clearTimeout(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve(rows);
    };
    const onMessage = (/** @type {string} */ type, /** @type {Buffer} */ body) => {
      if (type === 'R' && body.readInt32BE(0) !== 0) finish(new Error('the server asks for a password'));
      if (type === 'E') failure = errorFrom(body);
      if (type === 'D') rows.push(rowFrom(body));
      // Ready: for the query the first time, and with its answer complete the second time.
      if (type === 'Z' && asked) finish(failure);
      if (type === 'Z' && !asked) {
        asked = true;
        socket.write(queryMessage(sql));
      }
    };
    socket.on('connect', () => socket.write(startupMessage({ user, database })));
    socket.on('data', (chunk) => {
      pending = splitMessages(Buffer.concat([pending, chunk]), onMessage);
    });
    socket.on('error', finish);
    socket.on('close', () => finish(failure ?? new Error('the server closed the connection')));
  });
}
