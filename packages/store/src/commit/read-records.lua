--[[
  Users' records of a partition with the commit that they are of, in order as long as they sum to a bound: what is not sent costs nothing but its length.

  KEYS[1]  the partition's state hash
  ARGV     prefix, the bound in bytes, user key …
  Returns  { commit id ('' = none), { record, nil, or the length of one that would pass the bound; the first that there is always … } }
]]
local left, given, records = tonumber(ARGV[2]), false, {}
for i = 3, #ARGV do
  local key = ARGV[1] .. 'u:' .. ARGV[i]
  local length = redis.call('STRLEN', key)
  if length == 0 or length <= left or not given then
    left = left - length
    given = given or length > 0
    records[i - 2] = redis.call('GET', key)
  else
    records[i - 2] = length
  end
end
return { redis.call('HGET', KEYS[1], 'commit') or '', records }
