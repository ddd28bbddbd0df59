-- What a process tells and asks, one deed after another, and what it is answered.

local grants = {{}, {}}
local reason, wait, holds_all = '', NEVER, 0

local function hindrance(class)
  local bulk = class == 1
  if now < quiet then
    return 'quiet', quiet, true
  end
  if day_hinders() then
    return 'day', now < day.held and day.held or NEVER
  end
  local before = before_me(class)
  local free, why = room(tenant, bulk)
  if free <= before then
    return why or 'queue', opening(tenant, bulk, why, before)
  end
  free, why = room(app, bulk)
  if free <= 0 then
    return why == 'minute' and 'app minute' or why, opening(app, bulk, why, 0), true
  end
  return nil
end

local function grant(id)
  local mark, probe = take(tenant, id)
  local app_mark, app_probe = take(app, id)
  tenant.flying = tenant.flying + 1
  if day.told == 0 and now >= day.day_began + DAY then
    day.day_began, day.floor = now, day_limit
  end
  return {id, now, mark, probe, app_mark, app_probe}
end

local function ask(class, wanted, next_id)
  local granted, why, till, of_all = 0, nil, NEVER, false
  while granted < wanted do
    local id = me .. ':' .. string.format('%d', next_id + granted)
    if in_flight(tenant, id) then -- asked for before, and the answer was lost
      tenant.flying = tenant.flying - 1
    else
      why, till, of_all = hindrance(class)
    end
    if why then
      break
    end
    granted = granted + 1
    grants[class + 1][granted] = grant(id)
    if granted < wanted then
      stand(class, NEVER, true)
    end
  end
  if why then
    reason, wait, holds_all = why, till == NEVER and NEVER or math.max(0, till - now), of_all and 1 or 0
  end
  if why and not of_all then
    stand(class, wait, granted > 0)
  elseif is_in[class] then
    leave(class, me) -- also where all wait alike, who then stand in no line of this tenant
  end
  return not why
end

local next_word = string.gmatch(words, '%S+')
local function word()
  return next_word()
end
local function number()
  return tonumber((next_word())) -- nil for '-'
end

local deeds = {}

-- An answer: its figures, and whether the turn was a probe.
function deeds.learn()
  local granted, mark, left, day_left, app_mark, app_left = number(), number(), number(), number(), number(), number()
  probed(tenant, number(), number())
  probed(app, number(), number())
  learn(tenant, left, mark, granted)
  if day_left then
    learn_day(granted, day_left)
  end
  learn(app, app_left, app_mark, granted)
  return true
end

function deeds.refused()
  local kind, seconds = word(), number()
  if kind == 'day' then
    end_day(seconds)
  elseif kind == 'app' then
    if pause(app, seconds, true) then
      news[#news + 1] = {'app', seconds}
    end
  elseif pause(tenant, seconds, kind == 'minute') then
    news[#news + 1] = {kind, seconds}
  end
  return true
end

-- A call was completed so long ago; it need not have been known.
function deeds.release()
  local id, ago, is_counted = word(), number(), number()
  if in_flight(tenant, id) then
    tenant.flying = tenant.flying - 1
  end
  count(tenant, id, now - ago)
  count(app, id, now - ago)
  probed(tenant, number(), number())
  probed(app, number(), number())
  if is_counted == 0 and day_limit > 0 then
    day.floor = day.floor - 1
  end
  return true
end

function deeds.back()
  local id = word()
  local was_in_flight, is_known = in_flight(tenant, id), false
  for _, window in ipairs({tenant, app}) do
    if redis.call('ZREM', window.calls, id) == 1 then
      window.own, window.taken, is_known = window.own - 1, window.taken - 1, true
    end
    probed(window, number(), 1)
  end
  if not is_known then
    void = math.max(void, tonumber(string.match(id, '%d+$')))
  end
  if was_in_flight then
    tenant.flying = tenant.flying - 1
  end
  return true
end

-- Still in flight: its lease begins anew, also where the call was not known.
function deeds.keep()
  local id = word()
  if not in_flight(tenant, id) then
    tenant.flying = tenant.flying + 1
  end
  count(tenant, id, now + lease)
  count(app, id, now + lease)
  return false
end

-- This process was away and others may still be: nothing goes until they have told what they did meanwhile.
function deeds.rejoin()
  quiet = math.max(quiet, now + number())
  return false
end

function deeds.ask()
  local interactive, bulk, came, bulk_waits, next_id = number(), number(), number(), number(), number()
  if next_id <= void then
    return false
  end
  if came == 1 then
    for _, window in ipairs({tenant, app}) do
      window.interactive = now + span
      if now < window.run_until then
        window.run_since = window.interactive
      end
    end
  end
  if bulk_waits > 0 and bulk_waits >= LONG_RUN * minute then
    if now >= tenant.run_until then
      tenant.run_since = math.max(now, tenant.interactive)
    end
    tenant.run_until = now + math.floor(bulk_waits / minute * span)
  end
  if ask(0, interactive, next_id) then
    ask(1, bulk, next_id + interactive)
  end
  return false
end

-- No longer waiting.
function deeds.go()
  leave(0, me)
  leave(1, me)
  return true
end

local has_changed = false
for deed in next_word do
  has_changed = deeds[deed]() or has_changed
end
if has_changed then
  wake()
end

keep_for_a_while(app)
keep_for_a_while(tenant)
local of_app = {'clock', now, 'steps', steps, 'record', record_of(app), RECORD, record_of(tenant)}
changes(of_app, HISTORY, {epoch = epoch, began = began, quiet = quiet, limits = limits}, app_was)
redis.call('HSET', KEYS[1], unpack(changes(of_app, FIELDS, app, app.was)))
local of_tenant = changes(changes({}, DAY_FIELDS, day, day_was), FIELDS, tenant, tenant.was)
if void > void_was then
  of_tenant[#of_tenant + 1] = VOID
  of_tenant[#of_tenant + 1] = void
end
if #of_tenant > 0 then
  redis.call('HSET', KEYS[4], unpack(of_tenant))
end
if steps % SWEEP == 0 then
  local all = redis.call('HGETALL', KEYS[1])
  for index = 1, #all, 2 do
    if string.sub(all[index], 1, 1) == ':' and read_record(all[index + 1]).ends < now then
      redis.call('HDEL', KEYS[1], all[index])
    end
  end
end
-- What lives for a day and an hour need not be told so more than once an hour.
local function is_of_before(known)
  return math.floor(known.at / HOUR) < math.floor(now / HOUR)
end
if is_of_before(app_record) then
  redis.call('PEXPIRE', KEYS[1], IDLE / 1000)
end
if is_of_before(record) or not state[8] or day.held ~= day_was.held then
  redis.call('PEXPIRE', KEYS[4], math.ceil(math.max(IDLE, day.held - now + DAY_RECHECK) / 1000))
end

local day_left = now < day.held and 0 or math.max(0, day.floor - tenant.flying)
return {
  now, epoch, steps,
  math.max(0, minute - tenant.own - tenant.others), day_left,
  math.max(0, app_minute - app.own - app.others), tenant.flying,
  day.reset == 1 and math.max(0, day.held - now) or NEVER,
  reason, wait, holds_all, grants[1], grants[2], news,
}
