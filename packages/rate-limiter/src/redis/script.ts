import { createHash } from 'node:crypto';

export interface Script {
  readonly text: string;
  readonly sha1: string;
}

/**
 * The one script. Time is Redis' own, in whole microseconds, so that no client's clock matters. One key; its value is the numbers of
 * all limits side by side, as packed doubles, each with its kind first: `1 level last` (gcra), `2 w newest n count…` (strict: counts from the newest
 * sub-window to the oldest), `3 start count` (fixed). It expires, in milliseconds, when nothing is used any more.
 *
 * ARGV[1], for each limit: kind, capacity and two parameters (gcra: units a microsecond; strict: sub-windows, their length;
 * fixed: window). ARGV[2], numbers: an operation and what belongs to it:
 *   `0 lease merging [floor debt reset]… [cost count]…`  decides on runs of equal costs, each request for itself, all limits or none;
 *      then takes up to `lease` units, at most half of what is left. Merging brings what a process knows into a Redis that forgot it
 *      (floor), and what it used on its own (debt), to be forgotten in `reset`.
 *   `1 difference takenAt usedThen…`  corrects a reservation.
 * By far the most requests are one gcra limit and one run. They have a short form, which takes a quarter of the time: ARGV is capacity,
 * units a microsecond, cost, count; the answer is admitted, wait, used.
 * The long form answers with numbers: now, lease granted, for each run: admitted, wait (-1: never), binding limit; for each limit: used, reset,
 * refill.
 */
const body = `
if ARGV[4] then
  local capacity, rate, cost, count = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
  local used, admitted, wait = 0, count, 0
  local stored = redis.call('GET', KEYS[1])
  if stored then
    local kind, level, last
    if #stored == 24 then kind, level, last = struct.unpack('ddd', stored) end
    if kind == 1 then used = math.max(0, level - math.max(0, now - last) * rate) end
  end
  if cost > 0 then admitted = math.max(0, math.min(count, math.floor((capacity - used + 1e-6) / cost))) end
  if admitted < count then wait = cost > capacity + 1e-6 and -1 or (used + admitted * cost + cost - capacity) / rate end
  if admitted * cost > 0 then
    used = used + admitted * cost
    redis.call('SET', KEYS[1], struct.pack('ddd', 1, used, now), 'PX', math.ceil(used / rate / 1000) + 1)
  end
  return string.format('%d %.0f %.6f', admitted, math.ceil(wait), used)
end
local function numbers(text)
  local list = {}
  for token in string.gmatch(text, '%S+') do list[#list + 1] = tonumber(token) end
  return list
end
local HAIR = 1e-6
local parameters, request = numbers(ARGV[1]), numbers(ARGV[2])
local stored = redis.call('GET', KEYS[1])
local saved, from, changed = {}, 1, false
if stored and #stored % 8 == 0 then saved = { struct.unpack(string.rep('d', #stored / 8), stored) } end
local rules = {}

local function load(rule)
  if saved[from] ~= rule.kind then from = #saved + 1 end
  if rule.kind == 1 then
    rule.used = 0
    if saved[from + 2] then rule.used = math.max(0, saved[from + 1] - math.max(0, now - saved[from + 2]) * rule.first) end
    from = from + 3
  elseif rule.kind == 2 then
    local length, n = rule.second, rule.first
    rule.newest, rule.counts, rule.used = math.floor(now / length), {}, 0
    for age = 0, n do rule.counts[age] = 0 end
    if saved[from + 4 + n] and saved[from + 1] == length and saved[from + 3] == n then
      rule.newest = math.max(rule.newest, saved[from + 2])
      local shift = rule.newest - saved[from + 2]
      for age = 0, n - shift do
        rule.counts[age + shift] = saved[from + 4 + age]
        rule.used = rule.used + saved[from + 4 + age]
      end
    end
    from = from + 5 + n
  else
    rule.start, rule.used = now, 0
    if saved[from + 2] and now - saved[from + 1] < rule.first then
      rule.start, rule.used = math.min(now, saved[from + 1]), saved[from + 2]
    end
    from = from + 3
  end
end

local parts = {}
local function save(rule)
  local at = #parts
  parts[at + 1] = rule.kind
  if rule.kind == 1 then
    parts[at + 2], parts[at + 3] = rule.used, now
  elseif rule.kind == 3 then
    parts[at + 2], parts[at + 3] = rule.start, rule.used
  else
    parts[at + 2], parts[at + 3], parts[at + 4] = rule.second, rule.newest, rule.first
    for age = 0, rule.first do parts[at + 5 + age] = rule.counts[age] end
  end
end

local function leaves(rule, age) return (rule.newest - age + rule.first + 1) * rule.second - now end

local function take(rule, units, age)
  if rule.kind == 3 and rule.used == 0 then rule.start = now end
  if rule.kind == 2 then rule.counts[age or 0] = rule.counts[age or 0] + units end
  rule.used = rule.used + units
  changed = true
end

local function wait(rule, excess)
  if rule.kind == 1 then return excess / rule.first end
  if rule.kind == 3 then return rule.start + rule.first - now end
  for age = rule.first, 0, -1 do
    excess = excess - rule.counts[age]
    if excess <= HAIR then return leaves(rule, age) end
  end
  return leaves(rule, 0)
end

local function reset(rule)
  if rule.used <= 0 then return 0 end
  if rule.kind == 1 then return rule.used / rule.first end
  if rule.kind == 3 then return rule.start + rule.first - now end
  for age = 0, rule.first do
    if rule.counts[age] > 0 then return leaves(rule, age) end
  end
  return 0
end

local function refill(rule)
  if rule.used <= 0 then return 0 end
  local left = rule.capacity - rule.used
  local excess = math.max(math.floor(left + HAIR) + 1, 1) - left
  if excess >= rule.used then return reset(rule) end
  return wait(rule, excess)
end

local function merge(rule, floor, debt, resets)
  local units = math.max(0, floor - rule.used) + debt
  if units <= 0 then return end
  if rule.kind == 2 then
    local age = rule.newest + rule.first + 1 - math.ceil((now + resets) / rule.second)
    return take(rule, units, math.max(0, math.min(rule.first, age)))
  end
  local fresh = rule.used == 0
  take(rule, units)
  if rule.kind == 3 and fresh then rule.start = now + math.min(resets, rule.first) - rule.first end
end

local function giveBack(rule, units, takenAt, usedThen)
  if rule.kind == 1 then
    units = math.min(units, math.max(0, usedThen - (now - takenAt) * rule.first), rule.used)
  elseif rule.kind == 2 then
    local age = rule.newest - math.floor(takenAt / rule.second)
    if age < 0 or age > rule.first then return end
    units = math.min(units, rule.counts[age])
    rule.counts[age] = rule.counts[age] - units
  else
    if takenAt < rule.start then return end
    units = math.min(units, rule.used)
  end
  rule.used = rule.used - units
  changed = true
end

for index = 1, #parameters, 4 do
  local rule = { kind = parameters[index], capacity = parameters[index + 1], first = parameters[index + 2], second = parameters[index + 3] }
  load(rule)
  rules[#rules + 1] = rule
end

local function fitting(cost, most)
  if cost <= 0 then return most end
  for _, rule in ipairs(rules) do
    most = math.min(most, math.floor((rule.capacity - rule.used + HAIR) / cost))
  end
  return math.max(0, most)
end

local answer = { string.format('%.17g', now), '0' }
local function tell(value) answer[#answer + 1] = string.format('%.17g', value) end

local function decide(cost, count)
  local admitted = fitting(cost, count)
  if admitted > 0 and cost > 0 then
    for _, rule in ipairs(rules) do take(rule, admitted * cost) end
  end
  local longest, binding = 0, 0
  if admitted < count then
    for index, rule in ipairs(rules) do
      local excess = rule.used + cost - rule.capacity
      local time = 0
      if cost > rule.capacity + HAIR then time = math.huge elseif excess > HAIR then time = wait(rule, excess) end
      if time > longest then longest, binding = time, index - 1 end
    end
  end
  tell(admitted)
  tell(longest == math.huge and -1 or longest)
  tell(binding)
end

if request[1] == 1 then
  for index, rule in ipairs(rules) do
    if request[2] > 0 then take(rule, request[2])
    else giveBack(rule, -request[2], request[3], request[3 + index] or 0) end
  end
else
  local position = 4
  if request[3] == 1 then
    for _, rule in ipairs(rules) do
      merge(rule, request[position], request[position + 1], request[position + 2])
      position = position + 3
    end
  end
  while request[position + 1] do
    decide(request[position], request[position + 1])
    position = position + 2
  end
  if request[2] > 0 then
    local most = math.huge
    for _, rule in ipairs(rules) do most = math.min(most, math.floor((rule.capacity - rule.used) / 2)) end
    local granted = math.max(0, math.min(request[2], most))
    if granted > 0 then
      for _, rule in ipairs(rules) do take(rule, granted) end
      answer[2] = string.format('%.17g', granted)
    end
  end
end

local longest = 0
for _, rule in ipairs(rules) do
  local resets = reset(rule)
  longest = math.max(longest, resets)
  if changed then save(rule) end
  tell(rule.used)
  tell(resets)
  tell(refill(rule))
end
if changed then
  local state = struct.pack(string.rep('d', #parts), unpack(parts))
  if longest > 0 then redis.call('SET', KEYS[1], state, 'PX', math.ceil(longest / 1000) + 1)
  elseif stored then redis.call('DEL', KEYS[1]) end
end
return table.concat(answer, ' ')
`;

/** @param now Lua for the time in microseconds; tests give their own */
export function makeScript(now: string): Script {
  const text = `${now}\n${body.trim()}\n`;
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}

export const script = makeScript(
  `local time = redis.call('TIME')\nlocal now = tonumber(time[1]) * 1000000 + tonumber(time[2])`,
);
