--[[
  How long records are, in one command instead of one a record.

  ARGV     a bound in bytes, then the keys. They are not KEYS: those of a script need rights to write, which readers do not have
  Returns  nothing where they sum to no more than the bound, else for each key its length in bytes, 0 where there is none
]]
local left, lengths = tonumber(ARGV[1]), {}
for i = 2, #ARGV do
  local length = redis.call('STRLEN', ARGV[i])
  lengths[i - 1] = length
  left = left - length
end
return left < 0 and lengths or {}
