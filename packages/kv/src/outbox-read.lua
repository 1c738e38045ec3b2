--[[
  The oldest lines of a partition's outbox.

  KEYS     the partition's state hash, its outbox
  ARGV     how many lines at most
  Returns  { number of the first line, { line … } }
]]
return { tonumber(redis.call('HGET', KEYS[1], 'outboxFrom') or '0'), redis.call('LRANGE', KEYS[2], 0, tonumber(ARGV[1]) - 1) }
