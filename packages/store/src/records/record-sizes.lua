--[[
  How long records are, and what the states of their partitions say, as of one moment.

  ARGV     n, n names of fields, m, m keys of states, then keys of records. They are not KEYS: those of a script need rights to write, which readers do not have
  Returns  for each state its fields, nil where there is none; then the lengths in bytes, 0 for users without a record, with commas between
]]
local fields, answer, sizes = {}, {}, {}
local count = tonumber(ARGV[1])
for i = 1, count do fields[i] = ARGV[1 + i] end
local states = tonumber(ARGV[count + 2])
local before = count + 2 + states
for i = count + 3, before do answer[#answer + 1] = redis.call('HMGET', ARGV[i], unpack(fields)) end
for i = before + 1, #ARGV do sizes[i - before] = redis.call('STRLEN', ARGV[i]) end
answer[#answer + 1] = table.concat(sizes, ',')
return answer
