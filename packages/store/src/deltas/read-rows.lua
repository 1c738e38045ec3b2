--[[
  Rows of one hash, for who reads key by key while a cluster moves them.

  KEYS[1]  deltas of a view of one generation
  ARGV     place ('0' = the beginning), most rows, most bytes
  Returns  { place to go on, { row key, packed measures, … } }, as take-rows.lua has them
]]
local place, rows = take_rows(KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]))
return { place, rows }
