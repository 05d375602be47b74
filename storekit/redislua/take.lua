-- KEYS: limits of one subject; ARGV: ahead, id, repeat_for, ask (1: nothing is taken), then for each limit the number of its windows, and of each window
-- count, per, and the number of boundaries of its zone with the boundaries. A token counts until the first boundary after it.
local id, repeat_for, ask = ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1'
local at, refused, wait, longest = 5, 0, 0, {}
for k, key in ipairs(KEYS) do
  longest[k] = repeat_for
  local taken = redis.call('ZSCORE', key, id)
  local holds = taken and now - tonumber(taken) < repeat_for
  local windows = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, windows do
    local count, per, bounds = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local first = at + 3
    at = first + bounds
    longest[k] = math.max(longest[k], per + 7200000000) -- an hour that the clocks go back, and one to spare
    local w = 0
    if not holds then
      if count <= 0 then
        w = per
      else
        local nth = redis.call('ZRANGE', key, -count, -count, 'WITHSCORES')
        if nth[2] and redis.call('ZCARD', key) >= count then
          local from = tonumber(nth[2])
          local lapse = from + per
          if bounds > 0 then
            for b = first, first + bounds - 1 do
              if tonumber(ARGV[b]) > from then
                lapse = tonumber(ARGV[b])
                break
              end
            end
          end
          w = lapse - now
        end
      end
    end
    if w > wait then refused, wait = k, w end
  end
  if holds then longest[k] = -longest[k] end
end
if wait > 0 then return {refused, str(wait)} end
if ask then return {0, '0'} end
local fresh = {}
for k, key in ipairs(KEYS) do
  if longest[k] > 0 then
    redis.call('ZADD', key, str(now), id) -- first: it may be refused for want of memory, a script that has written is not
    redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. str(now - longest[k]))
    expire(key, now + longest[k])
    fresh[#fresh + 1] = k
  end
end
return {0, '0', unpack(fresh)}
