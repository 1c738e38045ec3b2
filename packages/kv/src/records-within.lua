--[[
  Values in order, as long as they sum to a bound: what is not sent costs nothing but its length.

  ARGV[1]  the bound, bytes
  ARGV[2…] the keys, one a record. They are no KEYS: those of a script need rights to write, which readers do not have.
  Returns  for each key its value, false where there is none, or its length as an integer where it would pass the bound
]]
local left, reply = tonumber(ARGV[1]), {}
for i = 2, #ARGV do
  local length = redis.call('STRLEN', ARGV[i])
  if length <= left then
    left = left - length
    reply[i - 1] = redis.call('GET', ARGV[i])
  else
    reply[i - 1] = length
  end
end
return reply
