import { createHash } from 'node:crypto';
import type { RedisClient } from './redis-client.js';

interface Script {
  readonly text: string;
  readonly sha1: string;
}

/**
 * Tells the other processes, with a number that grows by one with each message, so that who missed one notices. KEYS[1] counts,
 * ARGV[1] is the channel, ARGV[2] a nonce: the epoch of a counter that begins again, ARGV[3] the message ('' = none). A full Redis
 * cannot count: it forgets the count instead, which every heartbeat takes for a gap.
 */
const ANNOUNCE = `
local function announce()
  if ARGV[3] == '' then return end
  local sequence = redis.pcall('HINCRBY', KEYS[1], 'sequence', 1)
  local counted = sequence
  if sequence == 1 then counted = redis.pcall('HSET', KEYS[1], 'epoch', ARGV[2]) end
  local epoch = redis.call('HGET', KEYS[1], 'epoch')
  if type(counted) == 'table' then
    redis.call('UNLINK', KEYS[1])
    epoch = ARGV[2]
    sequence = 1
  end
  redis.call('PUBLISH', ARGV[1], epoch .. ' ' .. sequence .. ' ' .. ARGV[3])
end
`;

/** Makes sure that a tag has a version and lives at least as long as the value that is to carry it (0: for ever). */
const CLAIM = `
local function claim(key, current, lifetime)
  if not current then
    current = 'c' .. ARGV[2]
    if lifetime > 0 then redis.call('SET', key, current, 'PX', lifetime)
    else redis.call('SET', key, current) end
  elseif lifetime == 0 then
    redis.call('PERSIST', key)
  else
    local remaining = redis.call('PTTL', key)
    if remaining >= 0 and remaining < lifetime then redis.call('PEXPIRE', key, lifetime) end
  end
  return current
end
`;

function script(text: string): Script {
  const whole = ANNOUNCE + text;
  return { text: whole, sha1: createHash('sha1').update(whole).digest('hex') };
}

/** What every script begins with. */
export interface Announcement {
  readonly counterKey: string;
  readonly channel: string;
  readonly nonce: string;
  /** '' announces nothing. */
  readonly message: string;
}

/**
 * Stores a value if nothing changed since its load began: the key still has the stamp that was read before the load, and the
 * tags still have the versions that were read with it. Ends the load's lease, and announces the value if an older one was
 * replaced or if somebody waits for it.
 *
 * KEYS: the counter, the value's key, its lease, then its tags. ARGV: channel, nonce, message, expected stamp ('' = no value,
 * '*' = whatever), milliseconds to live (0 = for ever), lease token ('' = none), head, body, the versions of the tags that lie in
 * other slots, then for each tag of this one the version read ('' = none, '*' = whatever).
 * A tag that nobody had used is created with a version that starts with "c"; one that was invalidated starts with "i". So a load
 * that saw no version accepts a tag that another writer created meanwhile, but not one that was invalidated. A tag lives at
 * least as long as any value that carries it. Returns 1 if stored, 0 if refused.
 */
export const storeScript = script(`${CLAIM}
local expected = ARGV[4]
local there = redis.call('GETRANGE', KEYS[2], 0, 9)
local waited = false
if ARGV[6] == '' then
  if expected == '*' then redis.call('UNLINK', KEYS[3]) end
else
  local lease = redis.call('GET', KEYS[3])
  if lease and string.sub(lease, 2, 17) == ARGV[6] then
    waited = string.sub(lease, 1, 1) == 'w'
    redis.call('UNLINK', KEYS[3])
  end
end
local function refuse()
  if waited then announce() end
  return 0
end
if expected ~= '*' and there ~= expected then return refuse() end
local lifetime = tonumber(ARGV[5])
local versions = {}
for i = 4, #KEYS do
  local current = redis.call('GET', KEYS[i])
  local seen = ARGV[6 + i]
  if current then
    if seen ~= '*' and seen ~= current and not (seen == '' and string.sub(current, 1, 1) == 'c') then return refuse() end
  elseif seen ~= '*' and seen ~= '' then
    return refuse()
  end
  versions[i - 3] = current or false
end
for i = 4, #KEYS do versions[i - 3] = claim(KEYS[i], versions[i - 3], lifetime) end
local record = ARGV[7] .. table.concat(versions) .. ARGV[9] .. ARGV[8]
if lifetime > 0 then redis.call('SET', KEYS[2], record, 'PX', lifetime)
else redis.call('SET', KEYS[2], record) end
if expected == '*' or waited or string.byte(there, 2) ~= 0 and there ~= '' then announce() end
return 1
`);

/**
 * For values that lie in another slot than their tags. KEYS: the counter, tags. ARGV: channel, nonce, '', milliseconds that the
 * value is to live (0 = for ever). Returns the tags' versions.
 */
export const claimScript = script(`${CLAIM}
local versions = {}
for i = 2, #KEYS do versions[i - 1] = claim(KEYS[i], redis.call('GET', KEYS[i]), tonumber(ARGV[4])) end
return versions
`);

/**
 * Gives tags a new version. KEYS: the counter, tags. ARGV: channel, nonce, message, the least milliseconds that the new version
 * must be remembered (as long as a load that began before may take). A full Redis forgets the version: its values are misses too.
 */
export const invalidateScript = script(`
local version = 'i' .. ARGV[2]
local least = tonumber(ARGV[4])
for i = 2, #KEYS do
  local remaining = redis.call('PTTL', KEYS[i])
  local done
  if remaining == -1 then done = redis.pcall('SET', KEYS[i], version)
  else done = redis.pcall('SET', KEYS[i], version, 'PX', math.max(remaining, least)) end
  if type(done) == 'table' and done.err then redis.call('UNLINK', KEYS[i]) end
end
announce()
return #KEYS
`);

/**
 * Puts a tombstone where values were, so that a load that began before cannot store what it read, and ends its lease. KEYS: the
 * counter, values, then as many leases. ARGV: channel, nonce, message, the tombstone, its milliseconds to live. A full Redis that
 * refuses the tombstone at least loses the value.
 */
export const deleteScript = script(`
local count = (#KEYS - 1) / 2
for i = 2, count + 1 do
  redis.call('UNLINK', KEYS[i], KEYS[i + count])
  redis.pcall('SET', KEYS[i], ARGV[4], 'PX', ARGV[5])
end
announce()
return count
`);

/**
 * Asks for the right to load: one holder a key across all processes. KEYS: the counter, the value's key, its lease. ARGV: channel,
 * nonce, '', the stamp read, token, fingerprint of the tag versions read, milliseconds. Returns 1: granted; 2: there is another
 * value meanwhile; else the lease is held and who holds it will announce. A holder who read other tag versions is loading
 * what was invalidated meanwhile: he loses the lease.
 */
export const leaseScript = script(`
if redis.call('GETRANGE', KEYS[2], 0, 9) ~= ARGV[4] then return 2 end
local lease = redis.call('GET', KEYS[3])
if lease and string.sub(lease, 18) == ARGV[6] then
  if string.sub(lease, 1, 1) ~= 'w' then redis.call('SET', KEYS[3], 'w' .. string.sub(lease, 2), 'KEEPTTL') end
  return 0
end
redis.call('SET', KEYS[3], '-' .. ARGV[5] .. ARGV[6], 'PX', ARGV[7])
return 1
`);

/**
 * Prolongs a lease or, with 0 milliseconds, gives it back and wakes who waits. KEYS: the counter, the lease. ARGV: channel, nonce,
 * message, token, milliseconds.
 */
export const keepLeaseScript = script(`
local lease = redis.call('GET', KEYS[2])
if not lease or string.sub(lease, 2, 17) ~= ARGV[4] then return 0 end
if tonumber(ARGV[5]) > 0 then return redis.call('PEXPIRE', KEYS[2], ARGV[5]) end
redis.call('UNLINK', KEYS[2])
if string.sub(lease, 1, 1) == 'w' then announce() end
return 1
`);

/** EVALSHA, and once after a Redis restart EVAL: ioredis' own defineCommand would add methods to a client that is not ours. */
export async function runScript(
  client: RedisClient,
  { text, sha1 }: Script,
  { counterKey, channel, nonce, message }: Announcement,
  keys: readonly string[],
  values: readonly (string | Buffer | number)[],
): Promise<unknown> {
  const count = keys.length + 1;
  const rest = [counterKey, ...keys, channel, nonce, message, ...values];
  try {
    return await client.evalsha(sha1, count, ...rest);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return client.eval(text, count, ...rest);
  }
}
