-- KEYS[1] cell; ARGV: ahead, per, sent, verified. Answers the share as it was.
local per, sent, verified = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local step = math.max(1, math.floor(per / 12))
local n = math.floor(now / step)
local flat = redis.call('HGETALL', KEYS[1])
local slots, over, total_sent, total_verified = {}, {}, 0, 0
for i = 1, #flat, 2 do
  local slot, what = string.match(flat[i], '^(%d+)(%a)$')
  slot = tonumber(slot)
  local value = tonumber(flat[i + 1])
  if slot <= n - 12 then
    over[#over + 1] = flat[i]
  elseif what == 's' then
    total_sent = total_sent + value
    slots[#slots + 1] = {slot, value, flat[i]}
  else
    total_verified = total_verified + value
  end
end
if sent < 0 then
  table.sort(slots, function(a, b) return a[1] > b[1] end)
  for _, s in ipairs(slots) do
    if s[2] >= -sent then
      redis.call('HINCRBY', KEYS[1], s[3], sent)
      break
    end
  end
elseif sent > 0 or verified > 0 then
  if sent > 0 then redis.call('HINCRBY', KEYS[1], str(n) .. 's', sent) end
  if verified > 0 then redis.call('HINCRBY', KEYS[1], str(n) .. 'v', verified) end
  expire(KEYS[1], (n + 12) * step)
end
for _, field in ipairs(over) do redis.call('HDEL', KEYS[1], field) end -- last: a script that has written is not stopped for want of memory
return {total_sent, total_verified}
