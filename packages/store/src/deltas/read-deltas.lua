--[[
  The state and the deltas of a partition by generation, as of one moment, and what was committed since a commit that the caller knows.

  KEYS[1]  the partition's state hash
  ARGV     prefix, first generation, generation to stop before ('' = none), most rows of one reply (-1: give none), most bytes of them,
           id of the commit known ('' = none), how many commits there were with it ('' = the feed is not asked for),
           most bytes of feed entries, view …
  Generations that the partition stepped over (gap:<last before> = the next one) are left out.
  Returns  { state fields as a flat list, feed entries (0 = there are none to give: entries-since.lua),
             { generation, pending, overflowed, { rows of view 1, of view 2 … }, { flat hash of view 1, of view 2 … } }, … }
           or the error RETIRED when the first generation's deltas are gone already
  There are no hashes where all rows are more than one reply may have, in number or in bytes. Bytes are counted as they are
  read (take-rows.lua) where what Redis has allocated for the rows does not show that they are few. Where they are too many they are read in
  pages (read-page.lua). For some time commits then leave more in the feed than they do otherwise (commit.lua), so that pages of different commits become one read.
]]
-- READING_MS: format/bounds.ts.
local FIRST_VIEW = 9

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
if ARGV[7] ~= '' then
  local ahead = tonumber(fields['commits'] or '0') - tonumber(ARGV[7])
  entries = (ahead ~= 0 or (fields['commit'] or '') == ARGV[6])
    and entries_since(prefix .. 'feed', ahead, tonumber(fields['feedBytes'] or '0'), tonumber(ARGV[8]))
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

local reply, rows = { state, entries or 0 }, 0
while g < stop do
  local counters = redis.call('HMGET', prefix .. 'n:' .. g, 'pending', 'overflowed')
  local lengths = {}
  for v = FIRST_VIEW, #ARGV do
    local length = redis.call('HLEN', prefix .. 'd:' .. g .. ':' .. ARGV[v])
    lengths[v - FIRST_VIEW + 1] = length
    rows = rows + length
  end
  table.insert(reply, { g, tonumber(counters[1] or '0'), tonumber(counters[2] or '0'), lengths })
  g = after[g] or g + 1
end
local function hash_of(i, v) return prefix .. 'd:' .. reply[i][1] .. ':' .. ARGV[FIRST_VIEW + v - 1] end
-- Whether all that Redis has allocated for the hashes is less than that: then their bytes are. It counts that itself, in a tenth of the time in
-- which they can be counted here. An old or another Redis, or one that does not let us ask, says nothing.
local function are_small(most_bytes)
  for i = 3, #reply do
    for v, length in ipairs(reply[i][4]) do
      local bytes = length == 0 and 0 or redis.pcall('MEMORY', 'USAGE', hash_of(i, v), 'SAMPLES', 0)
      if type(bytes) ~= 'number' then return false end
      most_bytes = most_bytes - bytes
      if most_bytes < 0 then return false end
    end
  end
  return true
end
-- Adds the hashes to the reply; false: their bytes are too many.
local function add_hashes(left)
  local small = are_small(left)
  for i = 3, #reply do
    local views = {}
    for v, length in ipairs(reply[i][4]) do
      local place, hash, bytes = '0', {}, 0
      if length > 0 and small then
        hash = redis.call('HGETALL', hash_of(i, v))
      elseif length > 0 then
        place, hash, bytes = take_rows(hash_of(i, v), '0', math.huge, left + 1)
      end
      left = left - bytes
      if place ~= '0' or left < 0 then return false end
      views[v] = hash
    end
    reply[i][5] = views
  end
  return true
end
if rows > most or not add_hashes(tonumber(ARGV[5])) then
  for i = 3, #reply do reply[i][5] = nil end
  -- Without it a read that meets large commits begins again: no reason to refuse it where Redis takes no writes.
  if most >= 0 then redis.pcall('SET', prefix .. 'reading', 1, 'PX', READING_MS) end
end
return reply
