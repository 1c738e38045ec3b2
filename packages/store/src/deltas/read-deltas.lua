--[[
  The state and the deltas of a partition by generation, as of one moment, and what was committed since a commit that the caller knows.

  KEYS[1]  the partition's state hash
  ARGV     prefix, first generation, generation to stop before ('' = none), most rows of one reply (-1: give none),
           id of the commit known ('' = none), how many commits there were with it ('' = the feed is not asked for), view …
  Generations that the partition stepped over (gap:<last before> = the next one) are left out.
  Returns  { state fields as a flat list, feed entries as follow.lua has them (0 = it does not reach back so far),
             { generation, pending, overflowed, { rows of view 1, of view 2 … }, { flat hash of view 1, of view 2 … } }, … }
           or the error RETIRED when the first generation's deltas are gone already
  There are no hashes where all rows are more than one reply may have, in number or, by some of them, in bytes (names of rows may
  be long): they are read in pages (read-page.lua). For some time
  commits then leave more in the feed than they do otherwise (commit.lua), so that pages of different commits become one read.
]]
local READING_MS, MOST_BYTES, SAMPLED = 10000, 2097152, 16

local prefix = ARGV[1]
local state = redis.call('HGETALL', KEYS[1])
local fields = {}
for i = 1, #state, 2 do fields[state[i]] = state[i + 1] end
local first, current = tonumber(ARGV[2]), tonumber(fields['generation'] or '0')
local oldest = tonumber(fields['oldest'] or '0')
if first < oldest then return redis.error_reply('RETIRED the deltas of generation ' .. first .. ' are gone, the oldest kept is ' .. oldest) end
local stop, most = current + 1, tonumber(ARGV[4])
if ARGV[3] ~= '' and tonumber(ARGV[3]) < stop then stop = tonumber(ARGV[3]) end

local entries = {}
if ARGV[6] ~= '' then
  local ahead = tonumber(fields['commits'] or '0') - tonumber(ARGV[6])
  if ahead > 0 and redis.call('LLEN', prefix .. 'feed') >= ahead then entries = redis.call('LRANGE', prefix .. 'feed', -ahead, -1) end
  if #entries ~= ahead or ahead == 0 and (fields['commit'] or '') ~= ARGV[5] then entries = 0 end
end

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

local reply, rows = { state, entries }, 0
while g < stop do
  local counters = redis.call('HMGET', prefix .. 'n:' .. g, 'pending', 'overflowed')
  local lengths = {}
  for v = 7, #ARGV do
    lengths[v - 6] = redis.call('HLEN', prefix .. 'd:' .. g .. ':' .. ARGV[v])
    rows = rows + lengths[v - 6]
  end
  table.insert(reply, { g, tonumber(counters[1] or '0'), tonumber(counters[2] or '0'), lengths })
  g = after[g] or g + 1
end
local function bytes_of(hash, length)
  local sum = 0
  for _, field in ipairs(length == 0 and {} or redis.call('HRANDFIELD', hash, -SAMPLED)) do sum = sum + #field end
  return sum / SAMPLED * length
end
local function are_few()
  if rows > most then return false end
  local bytes = 0
  for i = 3, #reply do
    for v = 7, #ARGV do bytes = bytes + bytes_of(prefix .. 'd:' .. reply[i][1] .. ':' .. ARGV[v], reply[i][4][v - 6]) end
  end
  return bytes <= MOST_BYTES
end
if are_few() then
  for i = 3, #reply do
    local views = {}
    for v = 7, #ARGV do views[v - 6] = redis.call('HGETALL', prefix .. 'd:' .. reply[i][1] .. ':' .. ARGV[v]) end
    reply[i][5] = views
  end
elseif most >= 0 then
  -- Without it a read that meets large commits begins again: no reason to refuse it where Redis takes no writes.
  redis.pcall('SET', prefix .. 'reading', 1, 'PX', READING_MS)
end
return reply
