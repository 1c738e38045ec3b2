-- Each conversion shared equally by the distinct channels of its path, and a channel's part equally by its touches, by position.
--
-- In:  own, part, path, channel, filed  see journeys/
-- Out: day, type, channel, position, currency, creditMicros, valueMinor
WITH shared AS (
  SELECT
    filed_no, sign, channel_no, touches, steps, len(steps) AS own_n,
    list_position(channel_nos, channel_no) AS nth, len(channel_nos) AS parts,
    abs(value)::DOUBLE * greatest(parts, own_n) >= 9e18 AS wide,
    share(1000000, nth - 1, nth, parts) AS part_micros,
    signed_share(value, nth - 1, nth, parts, wide) AS part_value
  FROM own JOIN part USING (path_no) JOIN path USING (path_no)
  WHERE NOT is_null
),
stepped AS (
  SELECT
    filed_no, sign, channel_no, touches, own_n, wide, part_micros, part_value,
    unnest(steps) >> 32 AS i, generate_subscripts(steps, 1) AS own_i
  FROM shared
),
summed AS (
  SELECT
    filed_no, channel_no, CASE WHEN touches = 0 THEN 0 ELSE least(i, 20) END AS position,
    sum(sign * share(part_micros, own_i - 1, own_i, own_n)) AS "creditMicros",
    sum(sign * signed_share(part_value, own_i - 1, own_i, own_n, wide)) AS "valueMinor"
  FROM stepped
  GROUP BY ALL
)
SELECT
  day, type, channel, CASE WHEN position = 20 THEN '20+' ELSE position::VARCHAR END AS position, currency, "creditMicros", "valueMinor"
FROM summed JOIN channel USING (channel_no) JOIN filed USING (filed_no)
