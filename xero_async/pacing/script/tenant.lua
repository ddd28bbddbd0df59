-- The app's window and the tenant's, the tenant's day, and the line of the processes that wait.

local app = open(
  {limit = app_minute, ceiling = app_minute, bulk_ceiling = app_bulk_ceiling, starts_cold = 0},
  KEYS[2], KEYS[3], app_state, 8, app_record
)
function app.slots()
  return math.huge
end

local VOID = 'v' .. me
local NAMES = {'floor', 'held', 'day_began', 'changed', 'since', 'told', 'reset', 'epoch', unpack(FIELDS)}
NAMES[#NAMES + 1] = VOID
local state = redis.call('HMGET', KEYS[4], unpack(NAMES))
if record.at > now then -- of before the clock was set back
  redis.call('DEL', KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8])
  state, record = {}, read_record()
elseif not state[8] and record.ends > now then
  is_lost = true
end
if state[8] and state[8] ~= epoch then
  record = read_record()
  redis.call('ZREMRANGEBYSCORE', KEYS[5], '(' .. string.format('%.0f', now), '+inf')
end
local tenant = open(
  {limit = minute, ceiling = ceiling, bulk_ceiling = bulk_ceiling, starts_cold = slots > 0 and 1 or 0},
  KEYS[5], KEYS[6], state, 8, record
)
tenant.flying = redis.call('ZCOUNT', tenant.calls, '(' .. string.format('%.0f', now), '+inf')

-- The last call of this process that was given back before it was granted: a question for it that comes late is void.
local void_was = tonumber(state[#NAMES] or 0)
local void = void_was

if not app_state[3] and (app.own > 0 or tenant.own > 0) then
  is_lost = true -- of an app that nothing else is known of
end
if is_lost or knows_other or is_behind then
  -- Calls were counted that are counted here no more. A minute after the loss was first seen they are of no matter.
  local till = (is_lost and now or began) + span
  if till > math.max(quiet, now) then
    quiet = till
    news[#news + 1] = {'lost', quiet - now}
  end
end

-- Slots that this process must leave, so that each of the others may go over to its own share at any moment.
local function left_to_replicas()
  local share, of, process = math.floor(slots / replicas), {}, nil
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', tenant.calls, '(' .. string.format('%.0f', now), '+inf')) do
    process = string.match(id, '^[^:]+')
    of[process] = (of[process] or 0) + 1
  end
  local mine, known, kept = of[me] or 0, 1, 0
  for other, count in pairs(of) do
    if other ~= me then
      known, kept = known + 1, kept + math.max(count, share)
    end
  end
  return slots - mine - kept - math.max(0, replicas - known) * share
end

function tenant.slots(gives_way)
  if slots == 0 then
    return math.huge
  end
  local free = (gives_way and bulk_slots or slots) - tenant.flying
  return replicas > 0 and math.min(free, left_to_replicas()) or free
end

local day, day_was = {epoch = epoch}, {epoch = state[8]}
for index = 1, 7 do
  local field = DAY_FIELDS[index]
  day_was[field] = tonumber(state[index] or 0)
  day[field] = day_was[field]
end
if not state[1] then
  day.floor = day_limit
end

local function end_day(seconds)
  tenant.cold = 1
  local is_news = now >= day.held or (seconds and day.reset == 0)
  if seconds then
    day.held = now + seconds
  elseif is_news then
    day.held = day.told == 1 and now + DAY_RECHECK or day.day_began + DAY
  end
  day.reset = (seconds or (day.reset == 1 and not is_news)) and 1 or 0
  day.floor, day.changed, day.since = day_limit, day.held, day.held
  if is_news then
    news[#news + 1] = {'day', day.held - now}
  end
end

local function day_hinders()
  if day_limit == 0 then
    return false
  end
  if day.floor <= 0 then
    end_day(nil)
  end
  return now < day.held or day.floor - tenant.flying <= 0
end

local function learn_day(granted, left)
  day.told = 1
  if granted >= day.changed or (left <= day.floor and granted >= day.since) then
    day.floor, day.changed = left, now
  end
end

-- Each process that waits has its place in the line, and after a turn stands at its end.

local lines = {[0] = KEYS[7], [1] = KEYS[8]}

local function leave(class, process)
  redis.call('ZREM', lines[class], process)
  redis.call('HDEL', KEYS[4], 'w' .. class .. process)
end

local is_in = {}
local function before_me(class)
  local count = 0
  for each = 0, class do
    for _, process in ipairs(redis.call('ZRANGE', lines[each], 0, -1)) do
      if process == me then
        is_in[each] = true
        if each == class then
          return count
        end
      elseif tonumber(redis.call('HGET', KEYS[4], 'w' .. each .. process) or 0) + LATE < now then
        leave(each, process)
      else
        count = count + 1
      end
    end
  end
  return count
end

local function stand(class, wait, again)
  if again or not is_in[class] then
    redis.call('ZADD', lines[class], steps, me)
    is_in[class] = true
  end
  redis.call('HSET', KEYS[4], 'w' .. class .. me, now + (wait >= 0 and math.min(wait, poll) or poll))
  redis.call('PEXPIRE', lines[class], math.ceil((poll + LATE) / 1000) + 10000)
end

local function wake()
  if redis.call('EXISTS', lines[0], lines[1]) == 0 then
    return
  end
  for class = 0, 1 do
    local free = room(tenant, class == 1)
    if free > 0 then
      for _, process in ipairs(redis.call('ZRANGE', lines[class], 0, math.min(free, 100) - 1)) do
        if process ~= me then
          redis.call('PUBLISH', channel .. process, name)
        end
      end
    end
  end
end
