-- KEYS[1] record; ARGV: ahead, nonce, key, tag, ttl, max, replace
local r = load(KEYS[1])
local again = r.nonce == ARGV[2] and r.expires > 0
if not again and #r.failed >= tonumber(ARGV[6]) then
  return {1, str(r.count_until - now)}
end
local stands = r.expires > 0 and r.used == 0 and ARGV[7] == '0' and now <= r.renew
if not again and not stands then
  local ttl = tonumber(ARGV[5])
  r.nonce, r.key, r.tag, r.used = ARGV[2], ARGV[3], ARGV[4], 0
  r.expires = now + ttl
  r.renew = r.expires - math.floor(ttl / 3)
  r.keep = r.expires + ttl
end
save(KEYS[1], r)
return {0, r.nonce, r.key, r.tag, str(math.max(0, r.expires - now))}
