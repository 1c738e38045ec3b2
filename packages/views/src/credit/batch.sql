-- The credit of each conversion under every rule-based model, split over its path (attribution/src/rule-based.ts).
--
-- In:  anchors (user_key, seq)    the conversions asked for
--      timeline (user_key, seq, ts, type, kind, channel, campaign, window_ms, value, currency)
--                                all that these may look at: touches and conversions of their users, within reach
--      attribution, decay, direct_channels   from the definitions, see definition-tables.sql
-- Out: day, model, type, channel, campaign, currency, creditMicros, valueMinor
--
-- Millions of steps pass through the middle, so they are narrow: text waits outside as asked_key and touch_key. One window over
-- all steps, from which each path's start is subtracted, costs a third of one that is partitioned by path.
WITH conversion AS (
  SELECT
    user_key, seq, ts, type, value, currency,
    CASE WHEN (SELECT reset_on_conversion FROM attribution)
      THEN lag(seq, 1, 0) OVER (PARTITION BY user_key ORDER BY seq) ELSE 0 END AS after_seq
  FROM timeline
  WHERE kind = 'conversion'
),
asked AS MATERIALIZED (
  SELECT
    conversion.*,
    row_number() OVER ()::INTEGER AS conversion_no,
    dense_rank() OVER (ORDER BY ts // 86400000, type, currency)::INTEGER AS asked_key
  FROM conversion SEMI JOIN anchors USING (user_key, seq)
),
touch_key AS MATERIALIZED (
  SELECT
    row_number() OVER ()::INTEGER AS touch_key, channel, campaign,
    channel NOT IN (SELECT channel FROM direct_channels) AS indirect
  FROM (SELECT DISTINCT channel, campaign FROM timeline WHERE kind = 'touch')
),
touch AS (
  SELECT user_key, seq, ts, window_ms, touch_key, indirect
  FROM timeline JOIN touch_key USING (channel, campaign)
  WHERE kind = 'touch'
),
pair AS (
  SELECT asked.conversion_no, touch.seq, touch.touch_key, touch.indirect, (asked.ts - touch.ts) // 3600000 AS age_hours
  FROM asked JOIN touch
    ON touch.user_key = asked.user_key
    AND touch.seq < asked.seq
    AND touch.seq > asked.after_seq
    AND touch.ts >= asked.ts - touch.window_ms
),
-- A conversion without an eligible touch walks a path of one step, (unattributed). So every path has a first and a last.
step AS (
  SELECT conversion_no, seq, touch_key, indirect, weight
  FROM pair JOIN decay ON decay.hour = pair.age_hours
  UNION ALL
  SELECT conversion_no, 0, 0, true, 1
  FROM asked ANTI JOIN pair USING (conversion_no)
),
walked AS MATERIALIZED (
  SELECT
    step.*,
    row_number() OVER walk AS steps,
    (sum(weight) OVER walk)::BIGINT AS weights
  FROM step
  WINDOW walk AS (ORDER BY conversion_no, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
path AS (
  SELECT
    conversion_no,
    count(*) AS n,
    sum(weight)::BIGINT AS decay_all,
    min(steps) - 1 AS steps_before,
    min(weights - weight) AS weights_before,
    -- The step that last non-direct credits: an all-direct path goes to its last touch.
    coalesce(max(CASE WHEN indirect THEN seq END), max(seq)) AS credited_seq,
    CASE WHEN count(*) = 1 THEN 1 WHEN count(*) = 2 THEN any_value(first_percent + last_percent)
      ELSE 100 * (count(*) - 2) END AS position_all
  FROM walked, attribution
  GROUP BY conversion_no
),
-- Step i of n, and for each model what the path weighs up to this step, and before it.
weighted AS (
  SELECT
    asked_key, touch_key, value, i, n, seq = credited_seq AS credited,
    decay_upto, decay_upto - weight AS decay_before, decay_all,
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
    position_all,
    abs(value)::DOUBLE * greatest(n, position_all, decay_all) >= 9e18 AS wide
  FROM (
    SELECT walked.*, path.*, asked.asked_key, asked.value, steps - steps_before AS i, weights - weights_before AS decay_upto
    FROM walked JOIN path USING (conversion_no) JOIN asked USING (conversion_no)
  ), attribution
),
summed AS (
  SELECT
    asked_key, touch_key,
    sum(CASE WHEN i = 1 THEN 1000000 ELSE 0 END) AS first_micros,
    sum(CASE WHEN i = 1 THEN value ELSE 0 END) AS first_value,
    sum(CASE WHEN i = n THEN 1000000 ELSE 0 END) AS last_micros,
    sum(CASE WHEN i = n THEN value ELSE 0 END) AS last_value,
    sum(CASE WHEN credited THEN 1000000 ELSE 0 END) AS nondirect_micros,
    sum(CASE WHEN credited THEN value ELSE 0 END) AS nondirect_value,
    sum(share(1000000, i - 1, i, n)) AS linear_micros,
    sum(signed_share(value, i - 1, i, n, wide)) AS linear_value,
    sum(share(1000000, position_before, position_upto, position_all)) AS position_micros,
    sum(signed_share(value, position_before, position_upto, position_all, wide)) AS position_value,
    sum(share(1000000, decay_before, decay_upto, decay_all)) AS decay_micros,
    sum(signed_share(value, decay_before, decay_upto, decay_all, wide)) AS decay_value
  FROM weighted
  GROUP BY asked_key, touch_key
)
SELECT
  day_text(day) AS day, model.name AS model, type,
  coalesce(channel, '(unattributed)') AS channel, coalesce(campaign, '(none)') AS campaign, currency,
  model.micros AS "creditMicros", model.value AS "valueMinor"
FROM (
  SELECT asked_key, touch_key, unnest([
    {name: 'first', micros: first_micros, value: first_value},
    {name: 'last', micros: last_micros, value: last_value},
    {name: 'lastNonDirect', micros: nondirect_micros, value: nondirect_value},
    {name: 'linear', micros: linear_micros, value: linear_value},
    {name: 'positionBased', micros: position_micros, value: position_value},
    {name: 'timeDecay', micros: decay_micros, value: decay_value}
  ]) AS model
  FROM summed
)
JOIN (SELECT DISTINCT asked_key, ts // 86400000 AS day, type, currency FROM asked) USING (asked_key)
LEFT JOIN touch_key USING (touch_key)
WHERE model.micros <> 0 OR model.value <> 0
