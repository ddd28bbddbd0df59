-- The rules of window.py and limiter.py on counts that many processes share. What goes in and out: exchange.py.
--
-- One script in four parts, which run one after another: history, window, tenant, deeds. This one begins: what is asked,
-- the app's clock, which never goes back, and what is known of the data's own history.
--
-- A sorted set holds a tenant's calls. One in flight has as its score the moment at which its lease ends, which lies
-- ahead; a completed one the moment of its completion, which lies behind. So those above `now` are in flight, those in
-- the set are counted, and a lease whose holder has died becomes by itself a call that was completed when it ended.
-- All times are whole microseconds of one clock, so that no fraction is lost on the way through text.

local SECOND = 1000000
local HOUR, DAY = 3600 * SECOND, 86400 * SECOND
local DAY_RECHECK = HOUR
local LONG_RUN, MOST_OF = 8, 0.7
local IDLE = DAY + HOUR -- what is remembered of an app or a tenant that makes no calls
local LATE = 1 * SECOND -- by how much a process may miss the moment at which it said it would ask again
local SWEEP = 10000 -- so many steps apart, what is remembered of tenants without calls is dropped
local NEVER = -1

local told, settings, name, known, words = unpack(ARGV)
local me, channel, limits, span, lease, poll, minute, ceiling, bulk_ceiling, slots, bulk_slots, app_minute,
  app_bulk_ceiling, day_limit, replicas = unpack(cmsgpack.unpack(settings))
local known_epoch, known_steps = string.match(known, '^(%S+) (%d+)$')
local news = {}

local now
if told == '' then
  local time = redis.call('TIME')
  now = time[1] * SECOND + time[2]
else
  now = tonumber(told)
end

local FIELDS = {'taken', 'paused', 'cold', 'probing', 'interactive', 'full', 'run_since', 'run_until', 'others'}
local RECORD = ':' .. name
local APP = {'clock', 'steps', 'epoch', 'began', 'quiet', 'limits', 'record', RECORD, unpack(FIELDS)}
local HISTORY = {'epoch', 'began', 'quiet', 'limits'}
local DAY_FIELDS = {'floor', 'held', 'day_began', 'changed', 'since', 'told', 'reset', 'epoch'}

-- How many calls are counted, when that was written, and how long it is of matter: should there be fewer, some were lost.
local function record_of(window)
  return string.format('%d %.0f %d', window.own, now, span + lease)
end
local function read_record(text)
  local own, at, life = string.match(text or '0 0 0', '^(%d+) (%d+) (%d+)$')
  return {own = tonumber(own), at = tonumber(at), ends = at + life}
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
