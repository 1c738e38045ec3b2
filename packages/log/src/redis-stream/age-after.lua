-- How long the first entry after each position has been in the log, by the clock that made its id.
-- KEYS  1 <ns>:log   2… the streams
-- ARGV  1 identity of the log the caller opened   2… for each stream the id to look behind, '0-0' for its beginning
-- Returns one age in ms for each stream, nil where nothing comes after; nil when the log is another one.
-- An id never lies before the one that precedes it, so after the clock was ahead ids lead it: such an age is negative.
-- In a script, because XRANGE sends the entry's body along.
if redis.call('HGET', KEYS[1], 'identity') ~= ARGV[1] then return false end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local ages = {}
for i = 2, #KEYS do
  local first = redis.call('XRANGE', KEYS[i], '(' .. ARGV[i], '+', 'COUNT', 1)[1]
  ages[i - 1] = first and now - tonumber(string.match(first[1], '^%d+')) or false
end
return ages
