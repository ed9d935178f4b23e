/** How each kind of limit counts: the rules of `../rules`, in Lua. A rule is a table that `load` has filled from what was stored. */
export const rulesInLua = `
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

`;
