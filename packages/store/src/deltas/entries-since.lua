--[[
  What a partition committed since a commit that is known. Scripts begin with this function (scripts.ts).

  entries_since(feed, how many commits there were since, bytes of the feed, most bytes)
  Returns  { feed entry, … }, the newest last; false: the feed does not reach back so far, that is more than `most bytes`, or the commit
           known is of another history. Nothing is read of a feed that is too short, and of a long one from the newest entry on.
]]
local function entries_since(feed, ahead, feed_bytes, most_bytes)
  if ahead == 0 then return {} end
  if ahead < 0 or redis.call('LLEN', feed) < ahead then return false end
  if feed_bytes <= most_bytes then return redis.call('LRANGE', feed, -ahead, -1) end
  local entries, bytes = {}, 0
  for at = ahead, 1, -1 do
    entries[at] = redis.call('LINDEX', feed, at - 1 - ahead)
    bytes = bytes + #entries[at]
    if bytes > most_bytes then return false end
  end
  return entries
end
