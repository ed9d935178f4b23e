import { createHash } from 'node:crypto';
import { rulesInLua } from './script-rules.js';
import { shortForm } from './script-short.js';

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
 * One gcra limit and one run have a {@link shortForm}.
 * The long form answers with numbers: now, lease granted, for each run: admitted, wait (-1: never), binding limit; for each limit: used, reset,
 * refill.
 */
const longForm = `
local function numbers(text)
  local list = {}
  for token in string.gmatch(text, '%S+') do list[#list + 1] = tonumber(token) end
  return list
end
local HAIR = 1e-6
local parameters, request = numbers(ARGV[1]), numbers(ARGV[2])
local stored = call('GET', key)
local saved, from, changed = {}, 1, false
if stored and #stored % 8 == 0 then saved = { struct.unpack(string.rep('d', #stored / 8), stored) } end
${rulesInLua.trim()}

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
  if longest > 0 then call('SET', key, state, 'PX', math.ceil(longest / 1000) + 1)
  elseif stored then call('DEL', key) end
end
return table.concat(answer, ' ')
`;

/** @param now Lua for the time in microseconds; tests give their own */
export function makeScript(now: string): Script {
  const text = `${now}\n${shortForm.trim()}\n${longForm.trim()}\n`;
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}

export const script = makeScript(
  `local time = redis.call('TIME')\nlocal now = tonumber(time[1]) * 1000000 + tonumber(time[2])`,
);
