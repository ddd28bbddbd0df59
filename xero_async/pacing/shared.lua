-- The rules of window.py and limiter.py on counts that many processes share. What goes in and out: exchange.py.
--
-- A sorted set holds a tenant's calls. One in flight has as its score the moment at which its lease ends, which lies
-- ahead; a completed one the moment of its completion, which lies behind. So those above `now` are in flight, those in
-- the set are counted, and a lease whose holder has died becomes by itself a call that was completed when it ended.
-- All times are whole microseconds of one clock, so that no fraction is lost on the way through text.

local SECOND = 1000000
local DAY, DAY_RECHECK = 86400 * SECOND, 3600 * SECOND
local LONG_RUN, MOST_OF = 8, 0.7
local IDLE = 90000 * SECOND -- what is remembered of an app or a tenant that makes no calls
local LATE = 1 * SECOND -- by how much a process may miss the moment at which it said it would ask again
local SWEEP = 10000 -- so many steps apart, what is remembered of tenants without calls is dropped
local NEVER = -1

local function numbers(text)
  local list = {}
  for word in string.gmatch(text, '%S+') do
    list[#list + 1] = tonumber(word)
  end
  return list
end

local told, me = ARGV[1], ARGV[2]
local known_epoch, known_steps = string.match(ARGV[3], '^(%S+) (%d+)$')
local span, lease, poll, minute, ceiling, bulk_ceiling, slots, bulk_slots, app_minute, app_bulk_ceiling, day_limit, replicas =
  unpack(numbers(ARGV[4]))
local channel, name, limits = ARGV[5], ARGV[6], ARGV[8]
local news = {}

local now
if told == '' then
  local time = redis.call('TIME')
  now = time[1] * SECOND + time[2]
else
  now = tonumber(told)
end

-- The app: its clock, which never goes back, and what is known of the data's own history --------------------------------

local FIELDS = {'taken', 'paused', 'cold', 'probing', 'interactive', 'full', 'run_since', 'run_until', 'others'}
local RECORD = ':' .. name
local APP = {'clock', 'steps', 'epoch', 'began', 'quiet', 'limits', 'record', RECORD, unpack(FIELDS)}
local DAY_FIELDS = {'floor', 'held', 'day_began', 'changed', 'since', 'told', 'reset', 'epoch'}

-- How many calls are counted, when that was written, and how long it is of matter: should there be fewer, some were lost.
local function record_of(window)
  return string.format('%d %.0f %d', window.own, now, span + lease)
end
local function read_record(text)
  local words = numbers(text or '')
  return {own = words[1] or 0, at = words[2] or 0, ends = (words[2] or 0) + (words[3] or 0)}
end

local app_state = redis.call('HMGET', KEYS[1], unpack(APP))
local app_record, record = read_record(app_state[7]), read_record(app_state[8])
local steps, is_lost = tonumber(app_state[2] or 0) + 1, false
local clock = tonumber(app_state[1] or 0)
-- A told time may be that of a process that has slept; the server's own has been set back.
if told == '' and clock > now + span then
  redis.call('DEL', KEYS[2], KEYS[3])
  redis.call('HDEL', KEYS[1], 'epoch', 'began', 'quiet', unpack(FIELDS))
  app_state, app_record, is_lost = {[6] = app_state[6]}, read_record(), true
else
  now = math.max(now, clock)
end
if app_state[6] and app_state[6] ~= limits and clock <= now and now < app_record.ends then
  return {
    now, app_state[3] or '', steps - 1, minute, day_limit, app_minute, 0, NEVER,
    'limits ' .. app_state[6], NEVER, 0, {}, {}, {},
  }
end
local epoch, began, quiet = app_state[3], tonumber(app_state[4] or 0), tonumber(app_state[5] or 0)
local app_was = {epoch = epoch, began = began, quiet = quiet, limits = app_state[6]}
local knows_other = known_epoch and known_epoch ~= epoch
local is_behind = known_epoch == epoch and tonumber(known_steps) >= steps
if not epoch or is_behind then
  epoch, began = me .. '.' .. string.format('%.0f', now), now
  -- An old copy may know turns that are held no more. Who does hold one says so again within the minute.
  local gone = redis.call('ZREMRANGEBYSCORE', KEYS[2], '(' .. string.format('%.0f', now), '+inf')
  is_lost = is_lost or (not app_state[3] and gone > 0)
  app_record = read_record()
end

-- A window: the calls of a minute ---------------------------------------------------------------------------------------

local function trim(window, known)
  local gone = redis.call('ZREMRANGEBYSCORE', window.calls, '-inf', now - span)
  window.own = redis.call('ZCARD', window.calls)
  if now < known.ends and window.own + gone < known.own then
    is_lost = true
  end
  if window.others > 0 then
    for _, met in ipairs(redis.call('ZRANGEBYSCORE', window.foreign, '-inf', now - span)) do
      window.others = window.others - tonumber(string.match(met, '%d+$'))
      redis.call('ZREM', window.foreign, met)
    end
    if window.others > 0 and redis.call('EXISTS', window.foreign) == 0 then
      window.others, is_lost = 0, is_lost or now < known.ends
    end
  end
end

-- `values` are those of FIELDS, after some others.
local function open(window, calls, foreign, values, others, known)
  local was = {}
  for index, field in ipairs(FIELDS) do
    was[field] = tonumber(values[others + index] or 0)
  end
  was.cold = values[others + 3] and was.cold or window.starts_cold
  was.probing = values[others + 4] or ''
  for field, value in pairs(was) do
    window[field] = value
  end
  window.was, window.calls, window.foreign = was, calls, foreign
  trim(window, known)
  return window
end

-- Write those fields that are not as they were: numbers take long to write.
local function save(key, names, now_is, was)
  local changed = {}
  for _, field in ipairs(names) do
    if now_is[field] ~= was[field] then
      changed[#changed + 1] = field
      changed[#changed + 1] = now_is[field]
    end
  end
  if #changed > 0 then
    redis.call('HSET', key, unpack(changed))
  end
end

local function keep_for_a_while(window)
  local life = math.ceil((span + lease) / 1000) + 1000
  redis.call('PEXPIRE', window.calls, life)
  if window.others > 0 then
    redis.call('PEXPIRE', window.foreign, life)
  end
end

local function in_flight(window, id)
  local score = redis.call('ZSCORE', window.calls, id)
  return score and tonumber(score) > now
end

local function yields(window, bulk)
  return bulk and now < window.interactive
end

local function held(window)
  local reserve = window.ceiling - window.bulk_ceiling
  local step = MOST_OF * span / (reserve + 1)
  local passed = now - window.run_since
  if passed >= span then
    return 0, reserve, step
  end
  return math.max(0, reserve - math.floor(passed / step)), reserve, step
end

local function ceiling_of(window, bulk)
  if yields(window, bulk) then
    return window.bulk_ceiling
  end
  return window.ceiling - (bulk and held(window) or 0)
end

-- How many calls may go, and what keeps the next one back.
local function room(window, bulk)
  if now < window.paused then
    return 0, 'paused'
  end
  if window.cold == 1 and window.probing ~= '' and in_flight(window, window.probing) then
    return 0, 'first answer'
  end
  local free = window.slots(yields(window, bulk))
  if free <= 0 then
    return 0, 'concurrency'
  end
  local left = ceiling_of(window, bulk) - window.own - window.others
  if now < window.full or left <= 0 then
    return 0, 'minute'
  end
  return window.cold == 1 and 1 or math.min(free, left), nil
end

-- When a hindrance ends by itself, if `before` other calls go first.
local function opening(window, bulk, hindrance, before)
  if hindrance == 'paused' then
    return window.paused
  end
  if hindrance ~= 'minute' then
    return NEVER
  end
  if now < window.full then
    return window.full
  end
  local ends = math.huge
  -- Those in flight have no end yet, and it would come later than the lease's.
  local own = redis.call('ZRANGEBYSCORE', window.calls, '-inf', now, 'WITHSCORES', 'LIMIT', before, 1)
  if own[2] then
    ends = tonumber(own[2]) + span
  end
  if window.others > 0 then
    local met = redis.call('ZRANGE', window.foreign, 0, 0, 'WITHSCORES')
    ends = met[2] and math.min(ends, tonumber(met[2]) + span) or ends
  end
  if yields(window, bulk) then
    ends = math.min(ends, window.interactive)
  elseif bulk then
    local kept, reserve, step = held(window)
    if kept > 0 then
      ends = math.min(ends, math.ceil(window.run_since + (reserve + 1 - kept) * step))
    end
  end
  return ends == math.huge and NEVER or ends
end

-- Count a call, and none twice.
local function count(window, id, score)
  if redis.call('ZADD', window.calls, score, id) == 1 then
    window.own, window.taken = window.own + 1, window.taken + 1
  end
end

local function take(window, id)
  count(window, id, now + lease)
  if window.cold == 1 then
    window.probing = id
  end
  return window.own - window.taken, window.cold
end

-- The call that went to see how things stand has come back.
local function probed(window, is_probe, refused)
  if is_probe == 1 then
    window.probing, window.cold = '', refused
  end
end

local function forget_foreign(window, counted, granted)
  local excess = -counted
  local list = redis.call('ZRANGEBYSCORE', window.foreign, '-inf', granted)
  for _, met in ipairs(list) do
    excess = excess + tonumber(string.match(met, '%d+$'))
  end
  for _, met in ipairs(list) do
    if excess <= 0 then
      return
    end
    local calls = tonumber(string.match(met, '%d+$'))
    local kept = math.max(0, calls - excess)
    if kept > 0 then
      redis.call('ZADD', window.foreign, redis.call('ZSCORE', window.foreign, met), string.match(met, '^.*:') .. kept)
    end
    redis.call('ZREM', window.foreign, met)
    window.others = window.others - (calls - kept)
    excess = excess - (calls - kept)
  end
end

local function learn(window, left, mark, granted)
  if not left then
    return
  end
  local counted = math.max(0, window.limit - left)
  local unseen = counted - (mark + window.taken) - window.others
  if unseen > 0 then
    redis.call('ZADD', window.foreign, now, string.format('%d:%d', steps, unseen))
    window.others = window.others + unseen
  elseif window.others > counted then
    forget_foreign(window, counted, granted)
  end
  if window.others > 0 and counted >= window.ceiling then
    window.full = now + span
  end
end

local function pause(window, seconds, probe)
  local till = now + seconds
  local is_news = window.paused <= now or till > window.paused + SECOND
  window.paused = math.max(window.paused, till)
  window.cold = probe and 1 or window.cold
  return is_news
end

-- The two windows, and the tenant's day -----------------------------------------------------------------------------------

local app = open(
  {limit = app_minute, ceiling = app_minute, bulk_ceiling = app_bulk_ceiling, starts_cold = 0},
  KEYS[2], KEYS[3], app_state, 8, app_record
)
function app.slots()
  return math.huge
end

local state = redis.call('HMGET', KEYS[4], 'floor', 'held', 'day_began', 'changed', 'since', 'told', 'reset', 'epoch', unpack(FIELDS))
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

-- The line of the processes that wait: each has its place in it, and after a turn stands at its end -------------------

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

-- What a process tells and asks ------------------------------------------------------------------------------------------

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

local next_word = string.gmatch(ARGV[7], '%S+')
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
  local was_in_flight = in_flight(tenant, id)
  for _, window in ipairs({tenant, app}) do
    if redis.call('ZREM', window.calls, id) == 1 then
      window.own, window.taken = window.own - 1, window.taken - 1
    end
    probed(window, number(), 1)
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
redis.call('HSET', KEYS[1], 'clock', now, 'steps', steps, 'record', record_of(app), RECORD, record_of(tenant))
save(KEYS[1], {'epoch', 'began', 'quiet', 'limits'}, {epoch = epoch, began = began, quiet = quiet, limits = limits}, app_was)
if steps % SWEEP == 0 then
  local all = redis.call('HGETALL', KEYS[1])
  for index = 1, #all, 2 do
    if string.sub(all[index], 1, 1) == ':' and read_record(all[index + 1]).ends < now then
      redis.call('HDEL', KEYS[1], all[index])
    end
  end
end
save(KEYS[1], FIELDS, app, app.was)
save(KEYS[4], DAY_FIELDS, day, day_was)
save(KEYS[4], FIELDS, tenant, tenant.was)
redis.call('PEXPIRE', KEYS[1], IDLE / 1000)
redis.call('PEXPIRE', KEYS[4], math.ceil(math.max(IDLE, day.held - now + DAY_RECHECK) / 1000))

local day_left = now < day.held and 0 or math.max(0, day.floor - tenant.flying)
return {
  now, epoch, steps,
  math.max(0, minute - tenant.own - tenant.others), day_left,
  math.max(0, app_minute - app.own - app.others), tenant.flying,
  day.reset == 1 and math.max(0, day.held - now) or NEVER,
  reason, wait, holds_all, grants[1], grants[2], news,
}
