-- Whether a stream still has the entry at an id up to which everything is archived; where it lost it (a truncated
-- append-only file, a restored copy), the log is declared to begin after that id: a reader that is behind reads the archive.
-- KEYS  1 <ns>:log   2 the stream   3 <ns>:{p}:log:trimmed
-- ARGV  1 identity of the log the caller opened   2 the id, "ms-seq"
-- Returns 1 when the entry was lost, 0 when not (also when it was trimmed); nil when the log is another one.
if redis.call('HGET', KEYS[1], 'identity') ~= ARGV[1] then return false end
local function parse(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local ms, seq = parse(ARGV[2])
local function isBefore(id)
  local otherMs, otherSeq = parse(id)
  return otherMs < ms or (otherMs == ms and otherSeq < seq)
end
local trimmed = redis.call('GET', KEYS[3])
if trimmed and not isBefore(trimmed) then return 0 end
if #redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2]) > 0 then return 0 end
local lastId = '0-0'
if redis.call('EXISTS', KEYS[2]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[2])
  for f = 1, #info, 2 do
    if info[f] == 'last-generated-id' then lastId = info[f + 1] end
  end
end
redis.call('SET', KEYS[3], ARGV[2])
-- An entry at the id, dropped at once: what is appended next comes after it, even if the clock went back.
if isBefore(lastId) then redis.call('XADD', KEYS[2], ARGV[2], 'k', 'h', 'b', '{"receivedAt":0}') end
redis.call('XTRIM', KEYS[2], 'MINID', '=', string.format('%d-%d', ms, seq + 1))
return 1
