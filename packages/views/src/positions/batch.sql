-- Each conversion shared equally by the distinct channels of its path, and a channel's part equally by its touches, by position.
--
-- In:  own, part, path, channel, filed  see journeys/
-- Out: day, type, channel, position, currency, creditMicros, valueMinor
WITH shared_by AS (
  SELECT path_no, unnest(parts).channel_no AS channel_no, generate_subscripts(parts, 1) AS nth, len(parts) AS parts FROM part
),
shared AS (
  SELECT
    filed_no, sign, channel_no, own_i, own_n,
    CASE WHEN touches = 0 THEN 0 ELSE least(i, 20) END AS position,
    abs(value)::DOUBLE * greatest(parts, own_n) >= 9e18 AS wide,
    share(1000000, nth - 1, nth, parts) AS part_micros,
    signed_share(value, nth - 1, nth, parts, wide) AS part_value
  FROM own JOIN shared_by USING (path_no, channel_no) JOIN path USING (path_no)
  WHERE NOT is_null
),
summed AS (
  SELECT
    filed_no, channel_no, position,
    sum(sign * share(part_micros, own_i - 1, own_i, own_n)) AS "creditMicros",
    sum(sign * signed_share(part_value, own_i - 1, own_i, own_n, wide)) AS "valueMinor"
  FROM shared
  GROUP BY ALL
)
SELECT
  day, type, channel, CASE WHEN position = 20 THEN '20+' ELSE position::VARCHAR END AS position, currency, "creditMicros", "valueMinor"
FROM summed JOIN channel USING (channel_no) JOIN filed USING (filed_no)
