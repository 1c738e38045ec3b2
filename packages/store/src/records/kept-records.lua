--[[
  What the records of partitions are known to hold, in one command instead of one a partition.

  ARGV     n, n names of fields, then the keys of states. They are not KEYS: those of a script need rights to write, which readers do not have
  Returns  for each key its fields, nil where there is none
]]
local fields, kept = {}, {}
local count = tonumber(ARGV[1])
for i = 1, count do fields[i] = ARGV[1 + i] end
for i = count + 2, #ARGV do kept[#kept + 1] = redis.call('HMGET', ARGV[i], unpack(fields)) end
return kept
