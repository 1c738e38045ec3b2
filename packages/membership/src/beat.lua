--[[
  One heartbeat of a member: it renews its lease, frees what the dead held, and moves its own part of the partitions one
  step towards an even spread. It never takes what a living member holds: that one gives it up at its own heartbeat.

  KEYS[1]  sorted set: member → end of its lease, epoch ms by the clock of this server
  KEYS[2]  hash: partition → member that holds it
  KEYS[3]  hash: member → what every member must have alike
  ARGV     member, length of a lease in ms, number of partitions,
           n, then n × member that is known to be dead,
           m, then m × partition that this member held when it last heard,
           what this member has of what all must have alike; "" for nothing
  Returns  {partitions held now, other living members, partitions still missing to a fair share,
            1 if this member was not known although it held partitions, else 0,
            what other living members have that is not what this one has}

  Even: everyone holds floor(partitions / members), and as many as the division leaves over hold one more. A member that holds
  too much gives up the difference, no more: nothing moves without need.
]]
local leases, holders, alike = KEYS[1], KEYS[2], KEYS[3]
local me, ttl, partitions = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local before = redis.call('ZSCORE', leases, me)
-- My lease ran out and no member dropped me, so no member was here since. What kept me away (this server was down, all
-- machines slept) kept the others away too: they get half a lease to come back, so that the partitions do not all move.
local grace = before and tonumber(before) <= now
for _, member in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do
  if grace then redis.call('ZADD', leases, now + ttl / 2, member) else redis.call('ZREM', leases, member) end
end
local at = 4
for _ = 1, tonumber(ARGV[at]) do
  at = at + 1
  if ARGV[at] ~= me then redis.call('ZREM', leases, ARGV[at]) end
end
redis.call('ZADD', leases, now + ttl, me)

local counts, names = {}, redis.call('ZRANGE', leases, 0, -1)
for _, member in ipairs(names) do counts[member] = 0 end
local stored, holder = redis.call('HGETALL', holders), {}
for i = 1, #stored, 2 do
  local partition, member = tonumber(stored[i]), stored[i + 1]
  if counts[member] and partition < partitions then
    holder[partition] = member
    counts[member] = counts[member] + 1
  else
    redis.call('HDEL', holders, stored[i])
  end
end

local share, extra = math.floor(partitions / #names), partitions % #names
local above = 0
for _, member in ipairs(names) do
  if member ~= me and counts[member] > share then above = above + 1 end
end
-- One more than the share, while fewer others than `extra` have it: of those who hold too much, the last to beat keeps it.
local target = share + (above < extra and 1 or 0)

for partition = partitions - 1, 0, -1 do
  if counts[me] > target and holder[partition] == me then
    redis.call('HDEL', holders, partition)
    holder[partition] = nil
    counts[me] = counts[me] - 1
  end
end
local function claim(partition)
  if counts[me] < target and partition < partitions and not holder[partition] then
    redis.call('HSET', holders, partition, me)
    holder[partition] = me
    counts[me] = counts[me] + 1
  end
end
-- A member that is unknown here but holds partitions was forgotten, as others may be: each first takes back what was its own.
local held = tonumber(ARGV[at + 1])
local forgotten = not before and held > 0
for i = at + 2, at + 1 + held do claim(tonumber(ARGV[i])) end
if not forgotten then
  for partition = 0, partitions - 1 do claim(partition) end
end

local own, said, differing = ARGV[#ARGV], redis.call('HGETALL', alike), {}
for i = 1, #said, 2 do
  -- Members of an older version say nothing, and leave what the dead said.
  if not counts[said[i]] then
    redis.call('HDEL', alike, said[i])
  elseif said[i] ~= me and own ~= '' and said[i + 1] ~= own then
    differing[#differing + 1] = said[i + 1]
  end
end
if own ~= '' then redis.call('HSET', alike, me, own) end

local mine, others = {}, {}
for partition = 0, partitions - 1 do
  if holder[partition] == me then mine[#mine + 1] = partition end
end
for _, member in ipairs(names) do
  if member ~= me then others[#others + 1] = member end
end
return { mine, others, target - counts[me], forgotten and 1 or 0, differing }
