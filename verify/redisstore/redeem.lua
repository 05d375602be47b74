-- KEYS[1] proof; ARGV: ahead, id, repeat_for
local v = redis.call('HMGET', KEYS[1], 'until', 'redeemer')
if not v[1] or now >= tonumber(v[1]) then
  redis.call('DEL', KEYS[1])
  return 0
end
if v[2] == '' then
  local last = now + tonumber(ARGV[3])
  redis.call('HSET', KEYS[1], 'until', str(last), 'redeemer', ARGV[2])
  expire(KEYS[1], last)
  return 1
end
if v[2] == ARGV[2] then return 1 end
return 0
