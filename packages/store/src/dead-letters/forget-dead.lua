--[[
  Leaves no byte of dead letters that are gone: a stream keeps them beside others of their node, also in the files that Redis writes again. Those that
  are left are written again, under the same ids: 10 000 of 2 KB take 0.2 s.

  KEYS[1]  the dead letters of the partition
  Beside it, in this script alone, the same with ":kept" behind it.
]]
local AT_ONCE = 500
local kept = KEYS[1] .. ':kept'
if redis.call('EXISTS', KEYS[1]) == 0 then return end
local stream, info = {}, redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #info, 2 do stream[info[i]] = info[i + 1] end
-- Before Redis 7 a stream does not say whether one of it is gone.
if stream['length'] == 0 or stream['max-deleted-entry-id'] == '0-0' then return end
redis.call('DEL', kept)
local from = '-'
repeat
  local letters = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', AT_ONCE)
  for _, letter in ipairs(letters) do redis.call('XADD', kept, letter[1], unpack(letter[2])) end
  if #letters > 0 then from = '(' .. letters[#letters][1] end
until #letters < AT_ONCE
-- No two letters ever share an id.
redis.call('XSETID', kept, stream['last-generated-id'])
redis.call('RENAME', kept, KEYS[1])
