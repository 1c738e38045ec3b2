--[[
  Marks the generations below the given one as gone from a partition: from here on nobody reads their deltas.

  KEYS[1]  the partition's state hash
  ARGV     the oldest generation to keep
  Returns  the oldest generation kept before, or -1 when there is no such partition
  The marker moves first and the keys go afterwards: whoever reads finds either all of a generation, or that it is gone.
]]
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
local oldest = tonumber(redis.call('HGET', KEYS[1], 'oldest') or '0')
if tonumber(ARGV[1]) > oldest then redis.call('HSET', KEYS[1], 'oldest', ARGV[1]) end
return oldest
