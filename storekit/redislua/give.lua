-- KEYS: limits of one subject; ARGV: ahead, id
for _, key in ipairs(KEYS) do redis.call('ZREM', key, ARGV[2]) end
return 0
