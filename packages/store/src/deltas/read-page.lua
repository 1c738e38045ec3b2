--[[
  Some rows of a view of one generation, and what was committed to the partition since a commit that the caller knows: both as
  of one moment, so that the rows are of the last of these commits.

  KEYS[1]  the partition's state hash
  ARGV     prefix, id of the commit known ('' = none), how many commits there were with it, most bytes of feed entries,
           generation, view, and
           place ('0' = the beginning), most rows, most bytes (take-rows.lua)
           or '', row key …: these rows
  Returns  { oldest generation kept, id of the last commit ('' = none), feed entries (0 = there are none to give: entries-since.lua),
             place of the next page ('0' = this was the last), { row key, packed measures, … } }
           of rows that are asked for by key, those that there are
  Rows are added to a hash, and never taken out of it but with the whole generation (retire.lua): a row that was there when its
  pages began is in one of them, perhaps in several. What came since is in the feed, of which commits keep more as long as pages
  are read (read-deltas.lua): the key that says so is written some times a minute, not with each page.
]]
-- READING_MS: format/bounds.ts.

local prefix = ARGV[1]
local stored = redis.call('HMGET', KEYS[1], 'commit', 'commits', 'oldest', 'feedBytes')
local commit, ahead = stored[1] or '', tonumber(stored[2] or '0') - tonumber(ARGV[3])
local entries = (ahead ~= 0 or commit == ARGV[2])
  and entries_since(prefix .. 'feed', ahead, tonumber(stored[4] or '0'), tonumber(ARGV[4]))
local hash, next, rows = prefix .. 'd:' .. ARGV[5] .. ':' .. ARGV[6], '0', {}
if ARGV[7] ~= '' then
  next, rows = take_rows(hash, ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]))
else
  for i, measures in ipairs(redis.call('HMGET', hash, unpack(ARGV, 8))) do
    if measures then
      rows[#rows + 1] = ARGV[7 + i]
      rows[#rows + 1] = measures
    end
  end
end
if redis.call('PTTL', prefix .. 'reading') < READING_MS / 2 then redis.pcall('SET', prefix .. 'reading', 1, 'PX', READING_MS) end
return { tonumber(stored[3] or '0'), commit, entries or 0, next, rows }
