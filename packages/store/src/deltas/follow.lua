--[[
  What was committed to a partition since a commit that the caller knows.

  KEYS[1]  the partition's state hash
  ARGV     prefix, id of the commit known ('' = none), how many commits there were with it
  Returns  { oldest generation kept, id of the last commit ('' = none), same (1 | 0), feed entry … }
           not the same and no entries: the feed does not reach back so far, that is more than MOST_BYTES, or this is another history

  The entry after the n-th commit is the (n + 1)-th. That it really follows the commit known is the caller's to check:
  each entry names the commit before it, so a store that lost writes and went another way is never taken for the same.
  While somebody reads in pages (read-deltas.lua) the feed holds several times MOST_BYTES. That is for the pages: so much of every
  partition at once would be a second of Redis and of the follower. A feed that is too short is not read.
]]
local MOST_BYTES = 1048576

local stored, feed = redis.call('HMGET', KEYS[1], 'commit', 'commits', 'oldest', 'feedBytes'), ARGV[1] .. 'feed'
local commit, commits = stored[1] or '', tonumber(stored[2] or '0')
local reply = { tonumber(stored[3] or '0'), commit, 0 }
local ahead = commits - tonumber(ARGV[3])
if commit == ARGV[2] and ahead == 0 then
  reply[3] = 1
elseif ahead > 0 and redis.call('LLEN', feed) >= ahead then
  local entries, bytes = {}, 0
  if tonumber(stored[4] or '0') <= MOST_BYTES then
    entries = redis.call('LRANGE', feed, -ahead, -1)
  else
    for at = ahead, 1, -1 do
      entries[at] = redis.call('LINDEX', feed, at - 1 - ahead)
      bytes = bytes + #entries[at]
      if bytes > MOST_BYTES then
        entries = {}
        break
      end
    end
  end
  if #entries == ahead then
    for i = 1, ahead do reply[3 + i] = entries[i] end
  end
end
return reply
