--[[
  What was committed to a partition since a commit that the caller knows.

  KEYS[1]  the partition's state hash
  ARGV     prefix, id of the commit known ('' = none), how many commits there were with it
  Returns  { oldest generation kept, id of the last commit ('' = none), same (1 | 0), feed entry … }
           not the same and no entries: the feed does not reach back so far, or this is another history

  The entry after the n-th commit is the (n + 1)-th. That it really follows the commit known is the caller's to check:
  each entry names the commit before it, so a store that lost writes and went another way is never taken for the same.
]]
local stored = redis.call('HMGET', KEYS[1], 'commit', 'commits', 'oldest')
local commit, commits = stored[1] or '', tonumber(stored[2] or '0')
local reply = { tonumber(stored[3] or '0'), commit, 0 }
local ahead = commits - tonumber(ARGV[3])
if commit == ARGV[2] and ahead == 0 then
  reply[3] = 1
elseif ahead > 0 then
  local entries = redis.call('LRANGE', ARGV[1] .. 'feed', -ahead, -1)
  if #entries == ahead then
    for i = 1, ahead do reply[3 + i] = entries[i] end
  end
end
return reply
