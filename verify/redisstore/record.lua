-- What begin.lua and check.lua share: the record of a subject.
local fields = {'nonce', 'key', 'tag', 'renew', 'expires', 'used', 'keep', 'failed', 'count_until', 'winner', 'winner_until'}
local function load(key)
  local v = redis.call('HMGET', key, unpack(fields))
  local r = {nonce = v[1] or '', key = v[2] or '', tag = v[3] or '', renew = tonumber(v[4] or 0), expires = tonumber(v[5] or 0), used = tonumber(v[6] or 0),
    keep = tonumber(v[7] or 0), failed = {}, count_until = tonumber(v[9] or 0), winner = v[10] or '', winner_until = tonumber(v[11] or 0)}
  for one in string.gmatch(v[8] or '', '[^,]+') do r.failed[#r.failed + 1] = one end
  if now >= r.count_until then r.failed, r.count_until = {}, 0 end
  if now >= r.winner_until then r.winner, r.winner_until = '', 0 end
  if now >= r.keep then r.nonce, r.key, r.tag, r.renew, r.expires, r.used, r.keep = '', '', '', 0, 0, 0, 0 end
  return r
end
local function save(key, r)
  redis.call('HSET', key, 'nonce', r.nonce, 'key', r.key, 'tag', r.tag, 'renew', str(r.renew), 'expires', str(r.expires), 'used', r.used,
    'keep', str(r.keep), 'failed', table.concat(r.failed, ','), 'count_until', str(r.count_until), 'winner', r.winner, 'winner_until', str(r.winner_until))
  expire(key, math.max(r.keep, r.count_until, r.winner_until))
end
