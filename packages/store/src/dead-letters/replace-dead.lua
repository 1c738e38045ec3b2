--[[
  Gives a dead letter another reason: as a new entry, for those of a stream do not change.

  KEYS[1]  the dead letters of the partition
  ARGV     the entry's id, code, message
  Returns  the new entry's id; false: the letter is gone
]]
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not found then return false end
local letter = {}
for i = 1, #found[2], 2 do letter[found[2][i]] = found[2][i + 1] end
local entry = redis.call('XADD', KEYS[1], '*', 'at', letter['at'], 'code', ARGV[2], 'message', ARGV[3], 'raw', letter['raw'])
redis.call('XDEL', KEYS[1], ARGV[1])
return entry
