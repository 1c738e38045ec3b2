--[[
  How long records are, in one command instead of one a record.

  ARGV     the keys. They are not KEYS: those of a script need rights to write, which readers do not have
  Returns  for each key its length in bytes, 0 where there is none
]]
local lengths = {}
for i = 1, #ARGV do lengths[i] = redis.call('STRLEN', ARGV[i]) end
return lengths
