--[[
  One atomic commit of a partition: user records, deltas, counters and the position that covers them.

  KEYS[1]  the partition's state hash (all other keys share its hash tag and are built from the prefix)
  ARGV     prefix, expected position ('' = none), commit id, expected commit ('' = none),
           next position, log identity, log time, generation, definitions ('' = as stored),
           deltas' generation, pending, overflowed,
           deltas as JSON, flat: view, m measures, [row key, m × integer, …], …
           n appends,     then n × (user key, lines)
           n rewrites,    then n × (user key, record)
           n conversions, then n × (conversion id, user key)
           n parked,      then n × (at, code, message, raw)
           n outputs,     then n × line of the outbox
  Returns  committed | already | fenced | rewound

  Everything is checked before the first write: a script that fails half-way keeps what it wrote.
  What the commit adds to the deltas goes to the feed as well, as the very arguments joined by newlines, which they do not
  hold (feed.ts reads it): followers read a commit's rows instead of all rows. The feed is bounded. A large commit
  empties it, so that catching up costs next to nothing; followers then read everything once.
  A row is stored as its measures, one field a row: both the commit and the append-only file are half as large as with one
  counter a measure. Little-endian integers of 64 bits; of 32 bits, after one byte that makes the length odd, when all
  measures fit, as nearly all do: a fiftieth of all memory. Rows are read and written a thousand at a time.
]]
local state = KEYS[1]
local prefix, expected, id, expectedCommit = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local stored = redis.call('HMGET', state, 'position', 'commit', 'commits', 'feedBytes')
local position = stored[1] or ''
if stored[2] == id then return 'already' end
if position ~= expected or (stored[2] or '') ~= expectedCommit then
  if position < expected then return 'rewound' end
  return 'fenced'
end

local deltas, at = cjson.decode(ARGV[13]), 14
local function take()
  local value = ARGV[at]
  at = at + 1
  return value
end

local appends = tonumber(take())
for i = at, at + 2 * appends - 2, 2 do
  redis.call('APPEND', prefix .. 'u:' .. ARGV[i], ARGV[i + 1])
end
at = at + 2 * appends
for _ = 1, tonumber(take()) do
  local user = take()
  redis.call('SET', prefix .. 'u:' .. user, take())
end

local CHUNK, generation = 1000, ARGV[10]
local pack, unpack_row = struct.pack, struct.unpack
for v = 1, #deltas, 3 do
  local key, measures, rows = prefix .. 'd:' .. generation .. ':' .. deltas[v], deltas[v + 1], deltas[v + 2]
  local wide, narrow = '<' .. string.rep('i8', measures), '<b' .. string.rep('i4', measures)
  local width = measures + 1
  for first = 1, #rows, CHUNK * width do
    local fields, written = {}, {}
    for i = first, math.min(first + CHUNK * width, #rows + 1) - 1, width do fields[#fields + 1] = rows[i] end
    for r, before in ipairs(redis.call('HMGET', key, unpack(fields))) do
      local at, sums, skipped, fits = first + (r - 1) * width, nil, 0, true
      if before and #before % 2 == 1 then
        sums, skipped = { unpack_row(narrow, before) }, 1
      elseif before then
        sums = { unpack_row(wide, before) }
      end
      for m = 1, measures do
        local sum = rows[at + m] + (sums and sums[m + skipped] or 0)
        if sum > 2147483647 or sum < -2147483648 then fits = false end
        rows[at + m] = sum
      end
      written[2 * r - 1] = fields[r]
      written[2 * r] = fits and pack(narrow, 0, unpack(rows, at + 1, at + measures)) or pack(wide, unpack(rows, at + 1, at + measures))
    end
    redis.call('HSET', key, unpack(written))
  end
end

for _ = 1, tonumber(take()) do
  local conversion = take()
  redis.call('HSET', prefix .. 'c:' .. generation, conversion, take())
end
for _ = 1, tonumber(take()) do
  redis.call('XADD', prefix .. 'dead', 'MAXLEN', '~', '10000', '*', 'at', take(), 'code', take(), 'message', take(), 'raw', take())
end
local outputs, outbox = tonumber(take()), prefix .. 'outbox'
if outputs > 0 and redis.call('EXISTS', outbox) == 0 then redis.call('RPUSH', outbox, 0) end
for first = at, at + outputs - 1, CHUNK do
  redis.call('RPUSH', outbox, unpack(ARGV, first, math.min(first + CHUNK, at + outputs) - 1))
end
if ARGV[11] ~= '0' then redis.call('HINCRBY', prefix .. 'n:' .. generation, 'pending', ARGV[11]) end
if ARGV[12] ~= '0' then redis.call('HINCRBY', prefix .. 'n:' .. generation, 'overflowed', ARGV[12]) end

local FEED_ENTRIES, FEED_BYTES, LARGE = 512, 1048576, 40960
local feed, feedBytes = prefix .. 'feed', tonumber(stored[4] or '0')
if #ARGV[13] >= LARGE then
  if feedBytes > 0 then redis.call('DEL', feed) end
  feedBytes = 0
else
  local entry = table.concat(ARGV, '\n', 3, 13)
  local entries = redis.call('RPUSH', feed, entry)
  feedBytes = feedBytes + #entry
  while entries > FEED_ENTRIES or feedBytes > FEED_BYTES do
    feedBytes = feedBytes - #redis.call('LPOP', feed)
    entries = entries - 1
  end
end
redis.call('HSET', state, 'position', ARGV[5], 'commit', id, 'logIdentity', ARGV[6], 'logTimeMs', ARGV[7], 'generation', ARGV[8],
  'commits', tonumber(stored[3] or '0') + 1, 'feedBytes', feedBytes)
if ARGV[9] ~= '' then redis.call('HSET', state, 'definitions', ARGV[9]) end
return 'committed'
