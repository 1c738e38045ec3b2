--[[
  Moves the generation pointer forward. A cache of the newest publication file: an older one never wins.

  KEYS[1]  the pointer hash
  ARGV     sequence, generation
  Returns  1 if moved, else 0
]]
local stored = tonumber(redis.call('HGET', KEYS[1], 'sequence') or '-1')
if tonumber(ARGV[1]) <= stored then return 0 end
redis.call('HSET', KEYS[1], 'sequence', ARGV[1], 'generation', ARGV[2])
return 1
