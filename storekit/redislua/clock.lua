-- What every script begins with: the time in microseconds, written without loss.
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000000 + tonumber(t[2]) + tonumber(ARGV[1])
local function str(n) return string.format('%.0f', n) end
local function expire(key, at)
  redis.call('PEXPIRE', key, str(math.max(1000, math.ceil((at - now) / 1000) + 1000)))
end
