-- The id of the newest entry ever written to each stream, trimmed or not.
-- KEYS  1 <ns>:log   2… the streams
-- ARGV  1 identity of the log the caller opened
-- Returns one id for each stream, '0-0' where there never was an entry; nil when the log is another one.
-- In a script, because XINFO sends the bodies of the first and the last entry along.
if redis.call('HGET', KEYS[1], 'identity') ~= ARGV[1] then return false end
local ends = {}
for i = 2, #KEYS do
  ends[i - 1] = '0-0'
  if redis.call('EXISTS', KEYS[i]) == 1 then
    local info = redis.call('XINFO', 'STREAM', KEYS[i])
    for f = 1, #info, 2 do
      if info[f] == 'last-generated-id' then ends[i - 1] = info[f + 1] end
    end
  end
end
return ends
