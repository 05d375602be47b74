-- KEYS[1] record, KEYS[2] proof; ARGV: ahead, id, max, lock_for, proof_for (0: none), repeat_for, then key and tag of each
local r = load(KEYS[1])
local id, max = ARGV[2], tonumber(ARGV[3])
local function failure(n)
  if n >= max then return {3, 0, str(r.count_until - now), 0} end
  return {2, max - n, '0', 0}
end
if r.winner == id and r.winner_until > 0 then return {1, 0, '0', 1} end
for i, one in ipairs(r.failed) do
  if one == id then
    local answer = failure(i)
    answer[4] = 1
    return answer
  end
end
if #r.failed >= max then return {3, 0, str(r.count_until - now), 0} end
if r.expires == 0 or r.used == 1 then return {4, 0, '0', 0} end
if now >= r.expires then return {5, 0, '0', 0} end
local tag
for i = 7, #ARGV, 2 do
  if ARGV[i] == r.key then tag = ARGV[i + 1] end
end
if not tag then return {6, 0, '0', 0} end
if tag == r.tag then
  r.used, r.failed, r.count_until = 1, {}, 0
  r.winner, r.winner_until = id, now + tonumber(ARGV[6])
  save(KEYS[1], r)
  local proof_for = tonumber(ARGV[5])
  if proof_for > 0 then
    redis.call('HSET', KEYS[2], 'until', str(now + proof_for), 'redeemer', '')
    expire(KEYS[2], now + proof_for + tonumber(ARGV[6]))
  end
  return {1, 0, '0', 0}
end
r.failed[#r.failed + 1] = id
r.count_until = now + tonumber(ARGV[4])
if #r.failed >= max then r.used = 1 end
save(KEYS[1], r)
return failure(#r.failed)
