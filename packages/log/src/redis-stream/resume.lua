-- Compares a reader's positions with the ends of the streams, on its first read over a connection.
-- A stream that ends before a reader's position lost its tail (a truncated append-only file): what is appended next must
-- still come after that position, even if the clock went back meanwhile, so the stream's last id is moved forward to it.
-- KEYS  1 <ns>:log   2… the streams
-- ARGV  1 identity of the log the caller opened   2… the reader's position in each stream, as "ms-seq"
-- Returns for each stream 0 in order, 1 moved forward, 2 the position lies a day in the future; nil when the log is
-- another one. A stream that vanished is in order here: every read asks for it anyway.
if redis.call('HGET', KEYS[1], 'identity') ~= ARGV[1] then return false end
local DAY_MS = 86400000
local latestMs = tonumber(redis.call('TIME')[1]) * 1000 + DAY_MS
local function parse(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local answers = {}
for i = 2, #KEYS do
  local answer = 0
  if redis.call('EXISTS', KEYS[i]) == 1 then
    local info = redis.call('XINFO', 'STREAM', KEYS[i])
    local lastId = '0-0'
    for f = 1, #info, 2 do
      if info[f] == 'last-generated-id' then lastId = info[f + 1] end
    end
    local ms, seq = parse(ARGV[i])
    local lastMs, lastSeq = parse(lastId)
    if ms > lastMs or (ms == lastMs and seq > lastSeq) then
      answer = 2
      if ms <= latestMs then
        redis.call('XSETID', KEYS[i], ARGV[i])
        answer = 1
      end
    end
  end
  answers[i - 1] = answer
end
return answers
