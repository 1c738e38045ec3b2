--[[
  Deletes what a partition holds of generations below the given one.

  KEYS[1]  the partition's state hash
  ARGV     prefix, the oldest generation to keep, view …
  Returns  the number of keys deleted
  A worker that still lags behind may write an old generation's deltas again; the next call removes them too, because
  it starts below the marker by a margin.
]]
local prefix, keep = ARGV[1], tonumber(ARGV[2])
local oldest = tonumber(redis.call('HGET', KEYS[1], 'oldest') or '0')
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local deleted = 0
for g = math.max(0, oldest - 10), keep - 1 do
  deleted = deleted + redis.call('DEL', prefix .. 'n:' .. g, prefix .. 'c:' .. g)
  for v = 3, #ARGV do deleted = deleted + redis.call('DEL', prefix .. 'd:' .. g .. ':' .. ARGV[v]) end
end
if keep > oldest then redis.call('HSET', KEYS[1], 'oldest', keep) end
return deleted
