--[[
  Rows of one hash from a place on, as many as fit. Scripts begin with this function (scripts.ts).

  take_rows(hash, place, most rows, most bytes)
  Returns  the place to go on ('0': all rows were given, as it is the beginning), { row key, packed measures, … }, their bytes

  Bytes are counted as they are read, a few rows at a time, and not estimated: rows of 20 bytes and of 30 kB lie side by side. What is
  given has less than `most bytes` before its last row, so that one row larger than all of that is given alone, and a few more than
  `most rows`. The first rows are read one by one, then up to STEP at a time as far as rows of their mean length fit: a step that does not fit
  is left to the next call. A call from here costs Redis as much as some rows do: with steps of 16, 160 000 rows took a tenth longer. A step
  of the longest rows of ours (read-bounds.ts) has 2 MiB, as much as the largest reply.
  A place is a cursor of HSCAN. Where its first step does not fit even by itself (several long rows in one bucket, or a small hash stored as
  a list, which HSCAN gives whole) its rows are given in the order of their digests: 'cursor:digest' goes on after that row, wherever
  the hash has moved the others meanwhile.
]]
local STEP = 64

-- Rows of one step whose digests are greater than `after`: the digest of the last one, or false where all were given; the rows, their bytes.
local function take_part(step, after, most_bytes)
  local order, at = {}, {}
  for i = 1, #step, 2 do
    local digest = redis.sha1hex(step[i])
    if digest > after then
      order[#order + 1] = digest
      at[digest] = i
    end
  end
  table.sort(order)
  local rows, bytes = {}, 0
  for n, digest in ipairs(order) do
    local key, measures = step[at[digest]], step[at[digest] + 1]
    rows[#rows + 1] = key
    rows[#rows + 1] = measures
    bytes = bytes + #key + #measures
    if bytes >= most_bytes and n < #order then return digest, rows, bytes end
  end
  return false, rows, bytes
end

local function take_rows(hash, place, most_rows, most_bytes)
  local cursor, after = string.match(place, '^(%d+):?(%x*)$')
  local rows, taken, bytes, count = {}, 0, 0, 1
  repeat
    local page = redis.call('HSCAN', hash, cursor, 'COUNT', count)
    local step, size = page[2], 0
    local parts = #step
    for i = 1, parts do
      local part = step[i]
      size = size + #part
      rows[taken + i] = part
    end
    if after ~= '' or taken == 0 and parts > 2 and size >= most_bytes then
      local last
      last, rows, bytes = take_part(step, after, most_bytes)
      if last then return cursor .. ':' .. last, rows, bytes end
      after, taken = '', #rows
    elseif taken > 0 and bytes + size > most_bytes then
      for i = taken + 1, taken + parts do rows[i] = nil end
      return cursor, rows, bytes
    else
      taken, bytes = taken + parts, bytes + size
    end
    cursor = page[1]
    count = math.max(1, math.min(STEP, 2 * count, math.floor((most_bytes - bytes) * taken / 2 / math.max(1, bytes))))
  until cursor == '0' or taken >= 2 * most_rows or bytes >= most_bytes
  return cursor, rows, bytes
end
