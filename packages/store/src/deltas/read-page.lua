--[[
  Some rows of a view of one generation, and what was committed to the partition since a commit that the caller knows: both as
  of one moment, so that the rows are of the last of these commits.

  KEYS[1]  the partition's state hash
  ARGV     prefix, id of the commit known ('' = none), how many commits there were with it,
           generation, view, and
           cursor of HSCAN ('0' = the beginning), about how many rows
           or '', row key …: these rows
  Returns  { oldest generation kept, id of the last commit ('' = none), feed entries as follow.lua has them (0 = the feed does not
             reach back so far), cursor of the next page ('0' = this was the last), { row key, packed measures, … } }
           of rows that are asked for by key, those that there are
  Rows are added to a hash, and never taken out of it but with the whole generation (retire.lua): a row that was there when its
  pages began is in one of them, perhaps in several. What came since is in the feed, of which commits keep more as long as pages
  are read (read-deltas.lua): the key that says so is written some times a minute, not with each page.
]]
local READING_MS = 10000

local prefix = ARGV[1]
local stored = redis.call('HMGET', KEYS[1], 'commit', 'commits', 'oldest')
local commit, entries = stored[1] or '', {}
local ahead = tonumber(stored[2] or '0') - tonumber(ARGV[3])
if ahead > 0 and redis.call('LLEN', prefix .. 'feed') >= ahead then entries = redis.call('LRANGE', prefix .. 'feed', -ahead, -1) end
if #entries ~= ahead or ahead == 0 and commit ~= ARGV[2] then entries = 0 end
local hash, next, rows = prefix .. 'd:' .. ARGV[4] .. ':' .. ARGV[5], '0', {}
if ARGV[6] ~= '' then
  local page = redis.call('HSCAN', hash, ARGV[6], 'COUNT', ARGV[7])
  next, rows = page[1], page[2]
else
  for i, measures in ipairs(redis.call('HMGET', hash, unpack(ARGV, 7))) do
    if measures then
      rows[#rows + 1] = ARGV[6 + i]
      rows[#rows + 1] = measures
    end
  end
end
if redis.call('PTTL', prefix .. 'reading') < READING_MS / 2 then redis.pcall('SET', prefix .. 'reading', 1, 'PX', READING_MS) end
return { tonumber(stored[3] or '0'), commit, entries, next, rows }
