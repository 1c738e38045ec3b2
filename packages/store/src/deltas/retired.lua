--[[
  Notes that nothing is left of the generations below the given one, so that no retirement looks for them again.

  KEYS[1]  the partition's state hash
  ARGV     the oldest generation that something may be left of
  A store that lost the marker of retire.lua meanwhile may hold such generations again: then nothing is noted.
]]
local keep = tonumber(ARGV[1])
local marks = redis.call('HMGET', KEYS[1], 'oldest', 'removed')
if keep > tonumber(marks[1] or '0') or keep <= tonumber(marks[2] or '0') then return end
local state = redis.call('HGETALL', KEYS[1])
for i = 1, #state, 2 do
  local barrier = tonumber(string.match(state[i], '^barrier:(%d+)$') or string.match(state[i], '^crossed:(%d+)$'))
  local gone = barrier and barrier < keep or string.find(state[i], '^gap:') and tonumber(state[i + 1]) <= keep
  if gone then redis.call('HDEL', KEYS[1], state[i]) end
end
redis.call('HSET', KEYS[1], 'removed', ARGV[1])
