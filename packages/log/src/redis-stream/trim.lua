-- Declares entries dropped, before they are: readers compare their position with the declaration.
-- KEYS  1 <ns>:log   2 the stream   3 <ns>:{p}:log:trimmed
-- ARGV  1 identity of the log the caller opened   2 id: entries at or before it go
-- Returns the id of the last entry that goes, '' when there is none; nil when the log is another one.
if redis.call('HGET', KEYS[1], 'identity') ~= ARGV[1] then return false end
local last = redis.call('XREVRANGE', KEYS[2], ARGV[2], '-', 'COUNT', 1)
if #last == 0 then return '' end
redis.call('SET', KEYS[3], last[1][1])
return last[1][1]
