--[[
  Users' records of a partition with the commit that they are of.

  KEYS[1]  the partition's state hash
  ARGV     prefix, user key …
  Returns  { commit id ('' = none), { record or nil … } }
]]
local records = {}
for i = 2, #ARGV do records[i - 1] = redis.call('GET', ARGV[1] .. 'u:' .. ARGV[i]) end
return { redis.call('HGET', KEYS[1], 'commit') or '', records }
