import { createHash } from 'node:crypto';
import type { RedisClient } from './redis-client.js';

interface Script {
  readonly text: string;
  readonly sha1: string;
}

function script(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}

/**
 * Stores a value if nothing changed since its load began: the key still has the stamp that was read before the load, and the
 * tags still have the versions that were read with it.
 *
 * KEYS: the value's key, then its tags. ARGV: expected stamp ('' = no value, '*' = whatever), milliseconds to live (0 = for
 * ever), nonce for new tags, head, body, then for each tag the version read ('' = none, '*' = whatever).
 * A tag that nobody had used is created with a version that starts with "c"; one that was invalidated starts with "i". So a load
 * that saw no version accepts a tag that another writer created meanwhile, but not one that was invalidated. A tag lives at
 * least as long as any value that carries it. Returns 1 if stored, 0 if refused.
 */
export const storeScript = script(`
local expected = ARGV[1]
if expected ~= '*' and redis.call('GETRANGE', KEYS[1], 0, 9) ~= expected then return 0 end
local lifetime = tonumber(ARGV[2])
local versions = {}
for i = 2, #KEYS do
  local current = redis.call('GET', KEYS[i])
  local seen = ARGV[4 + i]
  if current then
    if seen ~= '*' and seen ~= current and not (seen == '' and string.sub(current, 1, 1) == 'c') then return 0 end
  elseif seen ~= '*' and seen ~= '' then
    return 0
  end
  versions[i - 1] = current or false
end
for i = 2, #KEYS do
  if not versions[i - 1] then
    versions[i - 1] = 'c' .. ARGV[3]
    if lifetime > 0 then redis.call('SET', KEYS[i], versions[i - 1], 'PX', lifetime)
    else redis.call('SET', KEYS[i], versions[i - 1]) end
  elseif lifetime == 0 then
    redis.call('PERSIST', KEYS[i])
  else
    local remaining = redis.call('PTTL', KEYS[i])
    if remaining >= 0 and remaining < lifetime then redis.call('PEXPIRE', KEYS[i], lifetime) end
  end
end
local record = ARGV[4] .. table.concat(versions) .. ARGV[5]
if lifetime > 0 then redis.call('SET', KEYS[1], record, 'PX', lifetime)
else redis.call('SET', KEYS[1], record) end
return 1
`);

/**
 * Gives tags a new version. KEYS: tags. ARGV: nonce, the least milliseconds that the new version must be remembered (as long as
 * a load that began before may take).
 */
export const invalidateScript = script(`
local version = 'i' .. ARGV[1]
local least = tonumber(ARGV[2])
for i = 1, #KEYS do
  local remaining = redis.call('PTTL', KEYS[i])
  if remaining == -1 then redis.call('SET', KEYS[i], version)
  else redis.call('SET', KEYS[i], version, 'PX', math.max(remaining, least)) end
end
return #KEYS
`);

/**
 * Puts a tombstone where values were, so that a load that began before cannot store what it read. KEYS: values. ARGV: the
 * tombstone, its milliseconds to live. A full Redis that refuses the tombstone at least loses the value.
 */
export const deleteScript = script(`
for i = 1, #KEYS do
  redis.call('UNLINK', KEYS[i])
  redis.pcall('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])
end
return #KEYS
`);

/** EVALSHA, and once after a Redis restart EVAL: ioredis' own defineCommand would add methods to a client that is not ours. */
export async function runScript(
  client: RedisClient,
  { text, sha1 }: Script,
  keys: readonly string[],
  values: readonly (string | Buffer | number)[],
): Promise<unknown> {
  try {
    return await client.evalsha(sha1, keys.length, ...keys, ...values);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return client.eval(text, keys.length, ...keys, ...values);
  }
}
