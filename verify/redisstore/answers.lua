-- KEYS: counters; ARGV: ahead, slots, then for each counter its windows as in take.lua. Answers the wait; "0": counted.
local slots = tonumber(ARGV[2])
local at, wait, found, adds = 3, 0, {}, {}
for k, key in ipairs(KEYS) do
  local flat = redis.call('HGETALL', key)
  found[k], adds[k] = {}, {}
  for i = 1, #flat, 2 do
    local window, till = string.match(flat[i], '^(%d+) (%d+)$')
    found[k][#found[k] + 1] = {tonumber(window), tonumber(till), tonumber(flat[i + 1]), flat[i]}
  end
  table.sort(found[k], function(a, b) return a[2] < b[2] end)
  local windows = tonumber(ARGV[at])
  at = at + 1
  for w = 0, windows - 1 do
    local count, per, bounds = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local first = at + 3
    at = first + bounds
    local left = 0
    for _, one in ipairs(found[k]) do
      if one[1] == w and one[2] > now then left = left + one[3] end
    end
    if count <= 0 then wait = math.max(wait, per) end
    for _, one in ipairs(found[k]) do
      if left < count or count <= 0 then break end
      if one[1] == w and one[2] > now then
        left = left - one[3]
        wait = math.max(wait, one[2] - now)
      end
    end
    local step = math.max(1, math.floor(per / slots))
    local till = (math.floor(now / step) + slots + 1) * step
    for b = first, first + bounds - 1 do
      if tonumber(ARGV[b]) > now then
        till = tonumber(ARGV[b])
        break
      end
    end
    adds[k][#adds[k] + 1] = {w, till}
  end
end
if wait > 0 then return str(wait) end
for k, key in ipairs(KEYS) do
  local last = now
  for _, one in ipairs(adds[k]) do
    redis.call('HINCRBY', key, str(one[1]) .. ' ' .. str(one[2]), 1) -- first: it may be refused for want of memory
    last = math.max(last, one[2])
  end
  for _, one in ipairs(found[k]) do
    if one[2] <= now then redis.call('HDEL', key, one[4]) else last = math.max(last, one[2]) end
  end
  expire(key, last)
end
return '0'
