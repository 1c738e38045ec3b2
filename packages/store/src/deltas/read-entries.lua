--[[
  Entries of the feed alone, for who reads key by key while a cluster moves them.

  KEYS[1]  the partition's feed
  ARGV     how many commits there were since, bytes of the feed, most bytes
  Returns  { feed entry, … }, or 0, as entries-since.lua has them
]]
return entries_since(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])) or 0
