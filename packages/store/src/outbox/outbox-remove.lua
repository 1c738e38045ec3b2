--[[
  Removes lines from the front of a partition's outbox, by their numbers.

  KEYS[1]  the outbox: the number of its first line, then its lines
  ARGV     the number of the first line to keep
  Returns  how many lines were removed
]]
local outbox = KEYS[1]
local from = tonumber(redis.call('LINDEX', outbox, 0) or '0')
local count = math.min(tonumber(ARGV[1]) - from, redis.call('LLEN', outbox) - 1)
if count <= 0 then return 0 end
-- The last line removed leaves its place to the number.
redis.call('LTRIM', outbox, count, -1)
redis.call('LSET', outbox, 0, from + count)
return count
