--[[
  A member leaves: what it held is free at once.

  KEYS[1]  sorted set: member → end of its lease
  KEYS[2]  hash: partition → member that holds it
  KEYS[3]  hash: member → what every member must have alike
  ARGV     member
]]
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
local stored = redis.call('HGETALL', KEYS[2])
for i = 1, #stored, 2 do
  if stored[i + 1] == ARGV[1] then redis.call('HDEL', KEYS[2], stored[i]) end
end
