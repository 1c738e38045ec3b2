-- Each conversion shared equally by the distinct channels of its path, and a channel's part equally by its touches, by position.
--
-- In:  walked, channel, filed  see journeys/
-- Out: day, type, channel, position, currency, creditMicros, valueMinor
WITH own AS (
  SELECT
    path_no, filed_no, sign, value, channel_no, i, touches,
    row_number() OVER (PARTITION BY path_no, channel_no ORDER BY i) AS own_i
  FROM walked
  WHERE NOT is_null
),
part AS (
  SELECT
    path_no, channel_no, count(*) AS own_n,
    row_number() OVER (PARTITION BY path_no ORDER BY min(i)) AS nth, count(*) OVER (PARTITION BY path_no) AS parts
  FROM own
  GROUP BY path_no, channel_no
),
shared AS (
  SELECT
    filed_no, sign, channel_no, own_i, own_n,
    CASE WHEN touches = 0 THEN '0' WHEN i < 20 THEN i::VARCHAR ELSE '20+' END AS position,
    abs(value)::DOUBLE * greatest(parts, own_n) >= 9e18 AS wide,
    share(1000000, nth - 1, nth, parts) AS part_micros,
    signed_share(value, nth - 1, nth, parts, wide) AS part_value
  FROM own JOIN part USING (path_no, channel_no)
)
SELECT
  day, type, channel, position, currency,
  sum(sign * share(part_micros, own_i - 1, own_i, own_n)) AS "creditMicros",
  sum(sign * signed_share(part_value, own_i - 1, own_i, own_n, wide)) AS "valueMinor"
FROM shared JOIN channel USING (channel_no) JOIN filed USING (filed_no)
GROUP BY ALL
