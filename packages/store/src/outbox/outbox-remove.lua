--[[
  Removes lines from the front of a partition's outbox, by their numbers.

  KEYS[1]  the outbox: the number of its first line, then its lines
  ARGV     the number of the first line to keep, of the first line that may be removed, and the last line to remove ('': any)
  Returns  how many lines were removed; -1: none, as there are lines before the first one, or the last one is not there under its number
]]
local outbox = KEYS[1]
local from = tonumber(redis.call('LINDEX', outbox, 0) or '0')
local lines = redis.call('LLEN', outbox) - 1
if from < tonumber(ARGV[2]) and lines > 0 then return -1 end
local count = math.min(tonumber(ARGV[1]) - from, lines)
if count <= 0 then return 0 end
if ARGV[3] ~= '' and redis.call('LINDEX', outbox, ARGV[1] - from) ~= ARGV[3] then return -1 end
-- The last line removed leaves its place to the number.
redis.call('LTRIM', outbox, count, -1)
redis.call('LSET', outbox, 0, from + count)
return count
