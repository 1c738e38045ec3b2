-- Conversions that a channel or campaign took part in, and those that it assisted: with some other touch than the last.
--
-- In:  own, path, place, filed  see journeys/
-- Out: day, type, channel, campaign, currency, assisted, assistedValueMinor, participated, participatedValueMinor
WITH met AS (
  SELECT
    path_no, filed_no, channel_no, sign, value, n, steps,
    list_transform(steps, step -> (step & 4294967295)::INTEGER) AS places
  FROM own JOIN path USING (path_no)
  WHERE channel_no > 0 AND NOT is_null
),
stepped AS (
  SELECT filed_no, sign, value, n, places, unnest(steps) AS step, generate_subscripts(steps, 1) AS own_i
  FROM met
),
-- All others share the number of channels that the definitions do not track.
alone AS (
  SELECT channel_no, min(of_channel) AS of_channel FROM place GROUP BY channel_no HAVING min(of_channel) = max(of_channel)
),
shared AS (
  SELECT path_no, filed_no, sign, value, n, unnest(steps) AS step FROM met ANTI JOIN alone USING (channel_no)
),
first_touch AS (
  SELECT filed_no, sign, value, n, (step & 4294967295)::INTEGER AS place_no, true AS is_campaign, step >> 32 AS i
  FROM stepped
  WHERE list_position(places, (step & 4294967295)::INTEGER) = own_i
  UNION ALL
  SELECT filed_no, sign, value, n, of_channel, false, steps[1] >> 32 FROM met JOIN alone USING (channel_no)
  UNION ALL
  SELECT filed_no, sign, value, n, of_channel, false, min(step >> 32)
  FROM shared JOIN place ON place.place_no = step & 4294967295
  GROUP BY path_no, filed_no, sign, value, n, of_channel
),
summed AS (
  SELECT
    filed_no, place_no, is_campaign,
    sum(CASE WHEN i < n THEN sign ELSE 0 END) AS assisted, sum(CASE WHEN i < n THEN sign * value ELSE 0 END) AS "assistedValueMinor",
    sum(sign) AS participated, sum(sign * value) AS "participatedValueMinor"
  FROM first_touch
  GROUP BY ALL
)
SELECT
  day, type, channel, CASE WHEN is_campaign THEN campaign ELSE '' END AS campaign, currency,
  assisted, "assistedValueMinor", participated, "participatedValueMinor"
FROM summed JOIN place USING (place_no) JOIN filed USING (filed_no)
