/**
 * By far the most requests are one gcra limit and one run. This answers them in a quarter of the time of the long form. ARGV is capacity, units
 * a microsecond, expiry (of a full bucket, in milliseconds: making a text of the exact one takes longer than storing it) and, unless
 * it is one unit once, cost and count. The answer is what is used now, in millionths, when all were admitted, else admitted, wait, used.
 */
export const shortForm = `
local call, key = redis.call, KEYS[1]
local expiry = ARGV[3]
if expiry then
  local capacity, rate, cost, count = ARGV[1] + 0, ARGV[2] + 0, 1, 1
  if ARGV[4] then cost, count = ARGV[4] + 0, ARGV[5] + 0 end
  local used = 0
  local stored = call('GET', key)
  if stored and #stored == 24 then
    local kind, level, last = struct.unpack('ddd', stored)
    if last < now then level = level - (now - last) * rate end
    if kind == 1 and level > 0 then used = level end
  end
  local after, admitted = used + cost * count, count
  if after > capacity + 1e-6 then
    admitted = cost > 0 and math.max(0, math.floor((capacity - used + 1e-6) / cost)) or count
    after = used + cost * admitted
  end
  if after > used then call('SET', key, struct.pack('ddd', 1, after, now), 'PX', expiry) end
  if admitted == count then return after * 1e6 end
  local wait = cost > capacity + 1e-6 and -1 or (after + cost - capacity) / rate
  return string.format('%d %.0f %.6f', admitted, math.ceil(wait), after)
end
`;
