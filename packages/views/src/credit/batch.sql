-- The credit of conversions under every rule-based model, split over their paths (attribution/src/rule-based.ts).
--
-- In:  walked, path, place, filed  see journeys/; attribution, from the definitions
-- Out: day, model, type, channel, campaign, currency, partition, creditMicros, valueMinor
--      The same credit twice: by campaign, of all partitions (NULL); and by partition, of all campaigns (NULL). Rows by both are three times
--      as many, and would be summed again for either.
WITH weighted AS (
  SELECT
    filed_no, partition, place_no, of_channel, sign, value, i::BIGINT AS i, n,
    abs(value)::DOUBLE * greatest(100 * n, decay_all) >= 9e18 AS wide,
    -- Two steps share as first : last; else the middle shares what these leave, scaled by the number of middle steps.
    CASE WHEN n = 1 THEN 1 WHEN n = 2 THEN first_percent + last_percent ELSE 100 * (n - 2) END AS position_all,
    -- Step i of n, and for each model what the path weighs up to this step, and before it.
    CASE
      WHEN i = n THEN position_all
      WHEN n = 2 THEN first_percent
      ELSE first_percent * (n - 2) + (100 - first_percent - last_percent) * (i - 1)
    END AS position_upto,
    CASE
      WHEN i = 1 THEN 0
      WHEN n = 2 THEN first_percent
      ELSE first_percent * (n - 2) + (100 - first_percent - last_percent) * (i - 2)
    END AS position_before,
    weights AS decay_upto, weights - weight AS decay_before, decay_all
  FROM walked JOIN path USING (path_no) JOIN (SELECT place_no, of_channel FROM place) AS filed_at USING (place_no), attribution
  WHERE NOT is_null
),
summed AS (
  SELECT
    filed_no, partition, coalesce(place_no, of_channel) AS place_no, place_no IS NULL AS by_partition,
    sum(sign * share(1000000, i - 1, i, n)) AS linear_micros,
    sum(sign * signed_share(value, i - 1, i, n, wide)) AS linear_value,
    sum(sign * share(1000000, position_before, position_upto, position_all)) AS position_micros,
    sum(sign * signed_share(value, position_before, position_upto, position_all, wide)) AS position_value,
    sum(sign * share(1000000, decay_before, decay_upto, decay_all)) AS decay_micros,
    sum(sign * signed_share(value, decay_before, decay_upto, decay_all, wide)) AS decay_value
  FROM weighted
  GROUP BY GROUPING SETS ((filed_no, place_no), (filed_no, partition, of_channel))
),
-- Models that give all of a conversion to one step.
whole AS (
  SELECT
    filed_no, partition, coalesce(place_no, of_channel) AS place_no, place_no IS NULL AS by_partition,
    model, sum(sign) * 1000000 AS micros, sum(sign * value) AS value
  FROM (
    SELECT
      filed_no, partition, sign, value,
      unnest(['first', 'last', 'lastNonDirect']) AS model, unnest([first_place, last_place, credited_place]) AS place_no
    FROM path
    WHERE NOT is_null
  ) JOIN (SELECT place_no, of_channel FROM place) AS filed_at USING (place_no)
  GROUP BY GROUPING SETS ((filed_no, model, place_no), (filed_no, model, partition, of_channel))
),
each AS (
  SELECT filed_no, partition, place_no, by_partition, share.model, share.micros, share.value
  FROM (
    SELECT filed_no, partition, place_no, by_partition, unnest([
      {model: 'linear', micros: linear_micros, value: linear_value},
      {model: 'positionBased', micros: position_micros, value: position_value},
      {model: 'timeDecay', micros: decay_micros, value: decay_value}
    ]) AS share
    FROM summed
  )
  UNION ALL FROM whole
)
SELECT
  day, model, type, channel, CASE WHEN NOT by_partition THEN campaign END AS campaign, currency, partition, micros AS "creditMicros", value AS "valueMinor"
FROM each JOIN filed USING (filed_no) JOIN place USING (place_no)
WHERE micros <> 0 OR value <> 0
