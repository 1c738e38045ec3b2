-- Creates the log, or finds it.
-- KEYS  1 <ns>:log, hash of identity and partitions
-- ARGV  1 identity for a new log, '': none is created   2 partition count for a new log
-- Returns {identity, partitions} of the log that is there now; nil for both where there is none.
if redis.call('EXISTS', KEYS[1]) == 0 and ARGV[1] ~= '' then
  redis.call('HSET', KEYS[1], 'identity', ARGV[1], 'partitions', ARGV[2])
end
return redis.call('HMGET', KEYS[1], 'identity', 'partitions')
