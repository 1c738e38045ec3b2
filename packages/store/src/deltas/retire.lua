--[[
  Marks the generations below the given one as gone from a partition: from here on their deltas are not read, and no commit
  files any under them (commit.lua).

  KEYS[1]  the partition's state hash
  ARGV     the oldest generation to keep
  Returns  the state as a flat list, empty when there is no such partition: `removed` and the gaps say what is left to remove
  The marker moves first and the keys go afterwards: a reader finds either all of a generation, or that it is gone.
]]
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
local oldest = tonumber(redis.call('HGET', KEYS[1], 'oldest') or '0')
if tonumber(ARGV[1]) > oldest then redis.call('HSET', KEYS[1], 'oldest', ARGV[1]) end
return redis.call('HGETALL', KEYS[1])
