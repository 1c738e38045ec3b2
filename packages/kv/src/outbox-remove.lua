--[[
  Removes lines from the front of a partition's outbox, by their numbers.

  KEYS     the partition's state hash, its outbox
  ARGV     the number of the first line to keep
  Returns  how many lines were removed
]]
local from = tonumber(redis.call('HGET', KEYS[1], 'outboxFrom') or '0')
local count = math.min(tonumber(ARGV[1]) - from, redis.call('LLEN', KEYS[2]))
if count <= 0 then return 0 end
redis.call('LTRIM', KEYS[2], count, -1)
redis.call('HSET', KEYS[1], 'outboxFrom', from + count)
return count
