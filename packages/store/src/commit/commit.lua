--[[
  Atomic commits of partitions, each by itself: user records, deltas, counters and the position that covers them.

  KEYS     the state hash of each partition (all other keys share its hash tag and are built from the prefix); on a cluster of one, and
           all that the commit may touch
  ARGV     n, then n × (how many follow, and these:)
           prefix, expected position ('' = none), commit id, expected commit ('' = none),
           next position, log identity, log time, generation, definitions ('' = as stored),
           deltas' generation, pending, overflowed,
           deltas as JSON, flat: view, m measures, [row key, m × integer, …], …
             an integer beyond 2^53: [low word, middle word, high word] (words.ts)
             or as MessagePack, where they are many: view, m measures, row keys, values, …
               a value: the measures as they are stored in the smallest form, or a list of them where they do not fit it
           n appends,     then n × (user key, lines)
           n rewrites,    then n × (user key, record; '' = none any more)
           n conversions, then n × (conversion id, user key)
           n parked,      then n × (at, code, message, raw)
           n outputs,     then n × line of the outbox
           cut of all timelines ('' = none)
           the generation from which on all is by these definitions ('' = not known)
           how far back from log time records are kept, ms ('' = not known)
           messages between keys that were sent and applied, by partition ('' = keys are not joined)
           digests of erased users ('' = as stored)
           the views that are counted, and since when ('' = as stored)
           n messages,    then n × line of the outbox of messages
           how far members of segments are known ('' = they are not followed); and only then
             forget what is known of them: 1 or 0, n forgotten, then n × version
             n versions,    then n × (version, n enters, then n × user key)
             n versions,    then n × (version, n leaves, then n × user key)
             n due,         then n × (instant, user key)
             n not due,     then n × user key
             n unsure,      then n × (user key, instant or '')
  Returns  n × { 0, committed | committed N | already | fenced | rewound | as JSON | as rows } or { 1, error }: what fails is of no consequence to the others
             N: the number that the outbox has for the first of the messages
             as JSON: nothing was written. Somebody reads rows in pages, so the feed needs these, which it does not take as MessagePack
             as rows: nothing was written. The generation has as many bytes of bundles as it may

  Deltas of a generation that was retired are not filed: they may not be read, and no later retirement would remove them.
  A batch ends with its barrier, so the position of a commit that brings a new generation is the barrier's (barrier:<generation>),
  and what it says of messages between keys is as of there (crossed:<generation>,
  '-' where it was forgotten: readers look at all of the state once a second).
  A step over generations that do not exist is noted in the state (gap:<last before> = the next one): no reader looks for them.
  Which commit rewrote a record last is noted with the newest commit (rewritten): a record that is as long as before, and was not rewritten since, is the same.

  Everything is checked before the first write: a script that fails half-way keeps what it wrote.
  What the commit adds to the deltas goes to the feed as well, as the very arguments joined by newlines, which they do not
  hold (feed.ts reads it): followers read a commit's rows instead of all rows. The feed is bounded. A large commit
  empties it, so that catching up costs next to nothing; followers then read everything once. Where somebody is reading more rows
  than one reply has (read-deltas.lua leaves the key `reading` for some seconds), it stays: their pages are of different commits.
  A row is stored as its measures, one field a row: both the commit and the append-only file are half as large as with one
  counter a measure. Little-endian integers in the smallest of three forms that all measures of the row fit:
    0, then 32 bits each   nearly all rows: a fiftieth of all memory
    64 bits each           safe integers (the length is even, that of the other forms odd)
    1, then 96 bits each   beyond 2^53, where Lua's doubles would lose digits: added as three words
  Rows are read and written a thousand at a time.
  A row whose key begins with a tab is a bundle of a large commit, all its rows of a view (format/row-bundle.ts): it comes with MessagePack alone, is never
  added to, and its bytes count (bundles).
]]
local WORD, SAFE = 4294967296, 9007199254740991
-- As feed.ts has it: what was relayed at older barriers is forgotten.
local CROSSED = 8

-- The three words of an integer; words stay as they are.
local function words(x)
  if type(x) == 'table' then return x[1], x[2], x[3] end
  local low = x % WORD
  local rest = (x - low) / WORD
  local middle = rest % WORD
  return low, middle, (rest - middle) / WORD
end

-- The sum as an integer when it is safe, else as words.
local function add(a, b)
  if type(a) == 'number' and type(b) == 'number' then
    local sum = a + b
    if sum <= SAFE and sum >= -SAFE then return sum end
  end
  local low, middle, high = words(a)
  local low2, middle2, high2 = words(b)
  low, middle, high = low + low2, middle + middle2, high + high2
  if low >= WORD then low, middle = low - WORD, middle + 1 end
  if middle >= WORD then middle, high = middle - WORD, high + 1 end
  local rest = high * WORD + middle
  if rest < 2097152 and rest >= -2097152 then
    local sum = rest * WORD + low
    if sum >= -SAFE then return sum end
  end
  return { low, middle, high }
end

local CHUNK, TAB = 1000, 9
local pack, unpack_row, rep, type = struct.pack, struct.unpack, string.rep, type
local NARROW_MAX, NARROW_MIN = 2147483647, -2147483648

-- Words of all measures, each measure as one.
local function unpack_large(measures, packed)
  local flat, sums = { unpack_row('<b' .. rep('I4I4i4', measures), packed) }, {}
  for m = 1, measures do sums[m] = { flat[3 * m - 1], flat[3 * m], flat[3 * m + 1] } end
  return sums
end

local function pack_large(measures, rows, at)
  local flat = {}
  for m = 1, measures do flat[3 * m - 2], flat[3 * m - 1], flat[3 * m] = words(rows[at + m]) end
  return pack('<b' .. rep('I4I4i4', measures), 1, unpack(flat))
end

-- Whether a measure may be words: then there are more brackets than one for all and one a view. A key that holds one costs time
-- only; asking each of a thousand measures for its type would cost every commit a thirtieth.
local function may_have_words(json, views)
  local brackets, bracket = 0, 0
  repeat
    bracket = string.find(json, '[', bracket + 1, true)
    brackets = brackets + 1
  until not bracket or brackets > 1 + views
  return bracket ~= nil
end

-- How rows of as many measures are written.
local function forms_of(measures)
  return { narrow = '<b' .. rep('i4', measures), wide = '<' .. rep('i8', measures), narrow_bytes = 1 + 4 * measures }
end

-- What a row is stored as once the measures behind `at` in `row` are added to `before`, as it was stored (false: it was not); they become the sums.
local function sum_of(measures, forms, before, row, at, has_words)
  local sums, skipped, form, by_words = nil, 0, 'narrow', has_words
  if before and #before == forms.narrow_bytes then
    sums, skipped = { unpack_row(forms.narrow, before) }, 1
  elseif before and #before % 2 == 0 then
    sums = { unpack_row(forms.wide, before) }
  elseif before then
    sums, by_words = unpack_large(measures, before), true
  end
  for m = 1, measures do
    local delta, kept = row[at + m], sums and sums[m + skipped] or 0
    local sum = not by_words and delta + kept
    if by_words or sum > NARROW_MAX or sum < NARROW_MIN then
      sum = add(delta, kept)
      if type(sum) == 'table' then
        form = 'large'
      elseif form == 'narrow' and (sum > NARROW_MAX or sum < NARROW_MIN) then
        form = 'wide'
      end
    end
    row[at + m] = sum
  end
  if form == 'narrow' then return pack(forms.narrow, 0, unpack(row, at + 1, at + measures)) end
  if form == 'wide' then return pack(forms.wide, unpack(row, at + 1, at + measures)) end
  return pack_large(measures, row, at)
end

-- Adds rows to those of a view, a hash.
local function add_rows(key, measures, rows, has_words)
  local forms, width = forms_of(measures), measures + 1
  for first = 1, #rows, CHUNK * width do
    local fields, written = {}, {}
    for i = first, math.min(first + CHUNK * width, #rows + 1) - 1, width do fields[#fields + 1] = rows[i] end
    for r, before in ipairs(redis.call('HMGET', key, unpack(fields))) do
      written[2 * r - 1] = fields[r]
      written[2 * r] = sum_of(measures, forms, before, rows, first + (r - 1) * width, has_words)
    end
    redis.call('HSET', key, unpack(written))
  end
end

-- The same of rows as packed-deltas.ts writes them: what is new and a text is stored as it is.
local function add_packed(key, measures, keys, values)
  local forms = forms_of(measures)
  for first = 1, #keys, CHUNK do
    local last, written = math.min(first + CHUNK - 1, #keys), {}
    for r, before in ipairs(redis.call('HMGET', key, unpack(keys, first, last))) do
      local value = values[first + r - 1]
      if type(value) == 'table' then
        value = sum_of(measures, forms, before, value, 0, true)
      elseif before then
        value = sum_of(measures, forms, before, { unpack_row(forms.narrow, value) }, 1, false)
      end
      written[2 * r - 1] = keys[first + r - 1]
      written[2 * r] = value
    end
    redis.call('HSET', key, unpack(written))
  end
end

-- Bytes of the bundles among packed rows.
local function bundles_in(deltas)
  local bytes = 0
  for v = 1, #deltas, 4 do
    if string.byte(deltas[v + 2][1]) == TAB then bytes = bytes + #deltas[v + 3][1] end
  end
  return bytes
end

-- FEED_BYTES, FEED_BYTES_READ, BUNDLES_BYTES: format/bounds.ts.
local FEED_ENTRIES, LARGE = 512, 40960
-- The bracket that JSON begins with.
local JSON_FIRST = 91
-- How many of the oldest entries go at once where there are too many: a call from here costs Redis three times what it does.
local GO_TOGETHER = 16

-- The bytes of the feed with an entry more; false: the commit is large, and empties it. `reading`: the key that somebody reads.
local function fed(feed, feedBytes, entry, reading)
  if not entry then
    if feedBytes > 0 then redis.call('DEL', feed) end
    return 0
  end
  local entries = redis.call('RPUSH', feed, entry)
  feedBytes = feedBytes + #entry
  local most = feedBytes > FEED_BYTES and redis.call('EXISTS', reading) == 1 and FEED_BYTES_READ or FEED_BYTES
  while entries > FEED_ENTRIES or feedBytes > most do
    local gone = redis.call('LPOP', feed, entries > FEED_ENTRIES and GO_TOGETHER or 1)
    for i = 1, #gone do feedBytes = feedBytes - #gone[i] end
    entries = entries - #gone
  end
  return feedBytes
end
-- The commit that rewrote a record last, and this one. Where the one before does not stand there, it was of a worker that does not say whether it rewrote some.
local function rewritten_by(known, before, id, rewrites)
  local ends = known and string.find(known, '\n', 1, true)
  if rewrites > 0 or not ends or string.sub(known, ends + 1) ~= before then return id .. '\n' .. id end
  return string.sub(known, 1, ends) .. id
end

-- The commit whose arguments begin at `first`.
local function commit(state, first)
  local prefix, expected, id, expectedCommit, next, identity, logTime, reached, definitions, generation, pending, overflowed, json =
    unpack(ARGV, first, first + 12)
  local stored = redis.call('HMGET', state, 'position', 'commit', 'commits', 'feedBytes', 'oldest', 'generation', 'rewritten')
  local position = stored[1] or ''
  if stored[2] == id then return 'already' end
  if position ~= expected or (stored[2] or '') ~= expectedCommit then
    if position < expected then return 'rewound' end
    return 'fenced'
  end

  local reading, is_packed = prefix .. 'reading', string.byte(json) ~= JSON_FIRST
  if is_packed and #json < FEED_BYTES_READ and redis.call('EXISTS', reading) == 1 then return 'as JSON' end

  local deltas, at = (is_packed and cmsgpack.unpack or cjson.decode)(json), first + 13
  local counters, bundles = prefix .. 'n:' .. generation, is_packed and bundles_in(deltas) or 0
  if bundles > 0 and tonumber(redis.call('HGET', counters, 'bundles') or '0') + bundles > BUNDLES_BYTES then return 'as rows' end
  local function take()
    local value = ARGV[at]
    at = at + 1
    return value
  end

  -- The next arguments, CHUNK at a time: a call from a script costs Redis as much as its work for some users. CHUNK is even, so no pair is cut.
  local function each_chunk(count, use)
    for from = at, at + count - 1, CHUNK do use(from, math.min(from + CHUNK, at + count) - 1) end
    at = at + count
  end

  local appends = tonumber(take())
  for i = at, at + 2 * appends - 2, 2 do
    redis.call('APPEND', prefix .. 'u:' .. ARGV[i], ARGV[i + 1])
  end
  at = at + 2 * appends
  local rewrites = tonumber(take())
  for _ = 1, rewrites do
    local user = take()
    local record = take()
    if record == '' then redis.call('DEL', prefix .. 'u:' .. user) else redis.call('SET', prefix .. 'u:' .. user, record) end
  end

  local filed = tonumber(generation) >= tonumber(stored[5] or '0')
  local has_words = not is_packed and may_have_words(json, #deltas / 3)
  for v = 1, filed and #deltas or 0, is_packed and 4 or 3 do
    local key = prefix .. 'd:' .. generation .. ':' .. deltas[v]
    if is_packed then add_packed(key, deltas[v + 1], deltas[v + 2], deltas[v + 3])
    else add_rows(key, deltas[v + 1], deltas[v + 2], has_words) end
  end

  local conversions = 2 * tonumber(take())
  for from = at, filed and at + conversions - 1 or 0, 2 * CHUNK do
    redis.call('HSET', prefix .. 'c:' .. generation, unpack(ARGV, from, math.min(from + 2 * CHUNK, at + conversions) - 1))
  end
  at = at + conversions
  for _ = 1, tonumber(take()) do
    redis.call('XADD', prefix .. 'dead', 'MAXLEN', '~', '10000', '*', 'at', take(), 'code', take(), 'message', take(), 'raw', take())
  end
  -- How many elements there are then: the number of the first line, and the lines.
  local function keep(outbox, lines)
    local length
    if lines > 0 and redis.call('EXISTS', outbox) == 0 then redis.call('RPUSH', outbox, 0) end
    for from = at, at + lines - 1, CHUNK do
      length = redis.call('RPUSH', outbox, unpack(ARGV, from, math.min(from + CHUNK, at + lines) - 1))
    end
    at = at + lines
    return length
  end
  keep(prefix .. 'outbox', tonumber(take()))
  local cut, since, kept, relayed, erased, views = take(), take(), take(), take(), take(), take()
  local messages, outcome = tonumber(take()), 'committed'
  local length = keep(prefix .. 'messages', messages)
  if length then outcome = 'committed ' .. (redis.call('LINDEX', prefix .. 'messages', 0) + length - 1 - messages) end
  local watched = take()
  if watched ~= '' then
    local forgets = take() == '1'
    -- Everybody may be in them: a DEL of a million stands for more than a second.
    if forgets then redis.call('UNLINK', prefix .. 'due', prefix .. 'unsure') end
    for _ = 1, tonumber(take()) do redis.call('UNLINK', prefix .. 'members:' .. take()) end
    for _ = 1, tonumber(take()) do
      local list = prefix .. 'members:' .. take()
      each_chunk(tonumber(take()), function(from, to)
        local scored = {}
        for i = from, to do
          scored[#scored + 1] = 0
          scored[#scored + 1] = ARGV[i]
        end
        redis.call('ZADD', list, unpack(scored))
      end)
    end
    for _ = 1, tonumber(take()) do
      local list = prefix .. 'members:' .. take()
      each_chunk(tonumber(take()), function(from, to) redis.call('ZREM', list, unpack(ARGV, from, to)) end)
    end
    each_chunk(2 * tonumber(take()), function(from, to) redis.call('ZADD', prefix .. 'due', unpack(ARGV, from, to)) end)
    each_chunk(tonumber(take()), function(from, to) redis.call('ZREM', prefix .. 'due', unpack(ARGV, from, to)) end)
    for _ = 1, tonumber(take()) do
      local user, instant = take(), take()
      if instant == '' then redis.call('ZREM', prefix .. 'unsure', user)
      else redis.call('ZADD', prefix .. 'unsure', 'GT', instant, user) end
    end
    redis.call('ZREMRANGEBYSCORE', prefix .. 'unsure', '-inf', logTime)
  end
  if filed and bundles > 0 then redis.call('HINCRBY', counters, 'bundles', bundles) end
  if filed and pending ~= '0' then redis.call('HINCRBY', counters, 'pending', pending) end
  if filed and overflowed ~= '0' then redis.call('HINCRBY', counters, 'overflowed', overflowed) end

  local isFed = not is_packed and (#json < LARGE or #json < FEED_BYTES_READ and redis.call('EXISTS', reading) == 1)
  local entry = isFed and table.concat(ARGV, '\n', first + 2, first + 12) .. '\n' .. since
  if entry and relayed ~= '' then entry = entry .. '\n' .. relayed end
  local feedBytes = fed(prefix .. 'feed', tonumber(stored[4] or '0'), entry, reading)

  local fields = { 'position', next, 'commit', id, 'logIdentity', identity, 'logTimeMs', logTime, 'generation', reached,
    'commits', tonumber(stored[3] or '0') + 1, 'feedBytes', feedBytes,
    'rewritten', rewritten_by(stored[7], stored[2] or '', id, rewrites) }
  local function set(field, value)
    fields[#fields + 1] = field
    fields[#fields + 1] = value
  end
  local current = stored[6] or '0'
  if tonumber(reached) > tonumber(current) then
    set('barrier:' .. reached, next)
    if relayed ~= '' then
      set('crossed:' .. reached, relayed)
      for _, field in ipairs(redis.call('HKEYS', prefix .. 'state')) do
        local crossed = tonumber(string.match(field, '^crossed:(%d+)$'))
        if crossed and crossed <= tonumber(reached) - CROSSED then set(field, '-') end
      end
    end
  end
  if tonumber(reached) > tonumber(current) + 1 then set('gap:' .. current, reached) end
  if cut ~= '' then set('cutTs', cut) end
  if relayed ~= '' then set('relayed', relayed) end
  if erased ~= '' then set('erased', erased) end
  if views ~= '' then set('views', views) end
  if definitions ~= '' then set('definitions', definitions) end
  -- With the commit, and with the generation: what an older worker leaves as it is does not hold for the next one.
  if since ~= '' then set('definitionsSince', since .. ' ' .. reached) end
  if kept ~= '' then set('kept', kept .. ' ' .. id) end
  if watched ~= '' then set('watched', watched .. ' ' .. id) end
  redis.call('HSET', state, unpack(fields))
  return outcome
end

local replies, at = {}, 2
for call = 1, tonumber(ARGV[1]) do
  local done, reply = pcall(commit, KEYS[call], at + 1)
  if done then
    replies[call] = { 0, reply }
  else
    replies[call] = { 1, type(reply) == 'table' and reply.err or tostring(reply) }
  end
  at = at + 1 + tonumber(ARGV[at])
end
return replies
