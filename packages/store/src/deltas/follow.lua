--[[
  What was committed to a partition since a commit that the caller knows.

  KEYS[1]  the partition's state hash
  ARGV     prefix, id of the commit known ('' = none), how many commits there were with it, most bytes of feed entries
  Returns  { oldest generation kept, id of the last commit ('' = none), same (1 | 0), feed entry … }
           not the same and no entries: there are none to give (entries-since.lua)

  The entry after the n-th commit is the (n + 1)-th. That it really follows the commit known is the caller's to check:
  each entry names the commit before it, so a store that lost writes and went another way is never taken for the same.
  While somebody reads in pages (read-deltas.lua) the feed holds several times the most that a follower is given. That is for the pages: so
  much of every partition at once would be a second of Redis and of the follower.
]]
local stored = redis.call('HMGET', KEYS[1], 'commit', 'commits', 'oldest', 'feedBytes')
local commit, ahead = stored[1] or '', tonumber(stored[2] or '0') - tonumber(ARGV[3])
local reply = { tonumber(stored[3] or '0'), commit, 0 }
if ahead == 0 then
  if commit == ARGV[2] then reply[3] = 1 end
  return reply
end
local entries = entries_since(ARGV[1] .. 'feed', ahead, tonumber(stored[4] or '0'), tonumber(ARGV[4])) or {}
for i = 1, #entries do reply[3 + i] = entries[i] end
return reply
