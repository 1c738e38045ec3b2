--[[
  The state and the deltas of a partition by generation, as of one moment.

  KEYS[1]  the partition's state hash
  ARGV     prefix, first generation, generation to stop before ('' = none), view …
  Generations that the partition stepped over (gap:<last before> = the next one) are left out.
  Returns  { state fields as a flat list, { generation, pending, overflowed, { flat hash of view 1, of view 2 … } }, … }
           or the error RETIRED when the first generation's deltas are gone already
]]
local prefix = ARGV[1]
local state = redis.call('HGETALL', KEYS[1])
local fields = {}
for i = 1, #state, 2 do fields[state[i]] = state[i + 1] end
local first, current = tonumber(ARGV[2]), tonumber(fields['generation'] or '0')
local oldest = tonumber(fields['oldest'] or '0')
if first < oldest then return redis.error_reply('RETIRED the deltas of generation ' .. first .. ' are gone, the oldest kept is ' .. oldest) end
local stop = current + 1
if ARGV[3] ~= '' and tonumber(ARGV[3]) < stop then stop = tonumber(ARGV[3]) end

local after = {}
local g = first
for field, next in pairs(fields) do
  local last = tonumber(string.match(field, '^gap:(%d+)$'))
  if last then
    next = tonumber(next)
    after[last] = next
    if last < first and first < next then g = next end
  end
end

local reply = { state }
while g < stop do
  local counters = redis.call('HMGET', prefix .. 'n:' .. g, 'pending', 'overflowed')
  local views = {}
  for v = 4, #ARGV do views[v - 3] = redis.call('HGETALL', prefix .. 'd:' .. g .. ':' .. ARGV[v]) end
  table.insert(reply, { g, tonumber(counters[1] or '0'), tonumber(counters[2] or '0'), views })
  g = after[g] or g + 1
end
return reply
