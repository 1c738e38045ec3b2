-- What a command finds, and which commit stands at that moment.
-- KEYS[1]: the state; on a cluster the key of the command as well. ARGV: the command.
return { redis.call('HGET', KEYS[1], 'commit') or '', redis.call(unpack(ARGV)) }
