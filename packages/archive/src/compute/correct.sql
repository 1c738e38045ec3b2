-- Events as corrections leave them (packages/signals/src/corrections/correct.ts says what they make of each).
--
-- In:  fresh (…, user_key, position, entry_index, type, channel, campaign, cost, value, is_member, corrected_by, dropped)  deduplicated
--      hits (user_key, position, entry_index, outcome)  the arrivals that some correction changes
--      outcomes (outcome, corrected_by, dropped, channel, campaign, cost, value)  what they become; NULL: as it was sent
--      member_types, from the definitions
-- Out: fresh, corrected. A channel may make a touch of what was none; members are looked at again when paths are asked for.
-- Statements end with a semicolon at the end of a line.
UPDATE fresh SET
  channel = coalesce(outcomes.channel, fresh.channel),
  campaign = coalesce(outcomes.campaign, fresh.campaign),
  cost = coalesce(outcomes.cost, fresh.cost),
  value = coalesce(outcomes.value, fresh.value),
  corrected_by = outcomes.corrected_by,
  dropped = outcomes.dropped,
  is_member = NOT outcomes.dropped AND fresh.type IN (SELECT type FROM member_types)
FROM hits JOIN outcomes USING (outcome)
WHERE hits.user_key = fresh.user_key AND hits.position = fresh.position AND hits.entry_index = fresh.entry_index;
