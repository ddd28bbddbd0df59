-- A window: the calls of a minute, of a tenant or of the whole app.

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

-- Add those fields that are not as they were: numbers take long to write.
local function changes(list, names, now_is, was)
  for _, field in ipairs(names) do
    if now_is[field] ~= was[field] then
      list[#list + 1] = field
      list[#list + 1] = now_is[field]
    end
  end
  return list
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
