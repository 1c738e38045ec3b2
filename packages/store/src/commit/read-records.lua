--[[
  Users' records of partitions, of each with the commit that they are of, in order as long as all of them sum to a bound: what is not sent
  costs nothing but its length.

  KEYS     the state hash of each partition; on a cluster of one, and all records asked for
  ARGV     n, then n × (how many follow, prefix, the bound in bytes, user key …); the smallest bound is that of the whole answer
  Returns  n × { 0, { commit id ('' = none), { record, nil, or the length of one that would pass the bound; the first that there is always … } } }
           or { 1, error }
]]
local left, given, at = math.huge, false, 2
for _ = 1, tonumber(ARGV[1]) do
  left = math.min(left, tonumber(ARGV[at + 2]))
  at = at + 1 + tonumber(ARGV[at])
end

local function records_of(state, from, to)
  local prefix, records = ARGV[from], {}
  for i = from + 2, to do
    local key = prefix .. 'u:' .. ARGV[i]
    local length = redis.call('STRLEN', key)
    if length == 0 then
      records[i - from - 1] = false
    elseif length <= left or not given then
      left, given = left - length, true
      records[i - from - 1] = redis.call('GET', key)
    else
      records[i - from - 1] = length
    end
  end
  return { redis.call('HGET', state, 'commit') or '', records }
end

local replies = {}
at = 2
for call = 1, tonumber(ARGV[1]) do
  local last = at + tonumber(ARGV[at])
  local done, reply = pcall(records_of, KEYS[call], at + 1, last)
  if done then
    replies[call] = { 0, reply }
  else
    replies[call] = { 1, type(reply) == 'table' and reply.err or tostring(reply) }
  end
  at = last + 1
end
return replies
