-- The credit of conversions under every rule-based model, split over their paths (attribution/src/rule-based.ts): what it becomes by
-- the fresh events, less what it was without them. Where all events are fresh, that is the whole credit.
--
-- In:  anchors (user_key, seq)   the conversions asked for
--      timelines (user_key, seq, ts, type, kind, channel, campaign, window_ms, value, currency, fresh)
--                                all that these may look at: touches and conversions of their users, within reach
--      attribution, decay, direct_channels   from the definitions, see definition-tables.sql
-- Out: day, model, type, channel, campaign, currency, creditMicros, valueMinor
--
-- Millions of steps pass through the middle, so they are narrow: text waits outside as asked_key and touch_key. Both versions of a
-- path come from one join. The one window runs over all steps, and each path's start is subtracted: that costs a third of a window
-- partitioned by path (and one with FILTER is quadratic).
WITH conversion AS (
  SELECT
    user_key, seq, ts, type, value, currency, fresh,
    -- Touches up to here are not eligible, with the fresh conversions and without them.
    CASE WHEN (SELECT reset_on_conversion FROM attribution) THEN lag(seq, 1, -1) OVER earlier ELSE -1 END AS after_seq,
    CASE WHEN (SELECT reset_on_conversion FROM attribution)
      THEN coalesce(max(CASE WHEN NOT fresh THEN seq END) OVER earlier, -1) ELSE -1 END AS held_after_seq
  FROM timelines
  WHERE kind = 'conversion'
  WINDOW earlier AS (PARTITION BY user_key ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
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
  FROM (SELECT DISTINCT channel, campaign FROM timelines WHERE kind = 'touch')
),
touch AS (
  SELECT user_key, seq, ts, window_ms, fresh, touch_key, indirect
  FROM timelines JOIN touch_key USING (channel, campaign)
  WHERE kind = 'touch'
),
pair AS (
  SELECT
    asked.conversion_no, touch.seq, touch.touch_key, touch.indirect,
    (asked.ts - touch.ts) // 3600000 AS age_hours,
    touch.seq > asked.after_seq AS now,
    NOT asked.fresh AND NOT touch.fresh AS before
  FROM asked JOIN touch
    ON touch.user_key = asked.user_key
    AND touch.seq < asked.seq
    AND touch.seq > asked.held_after_seq
    AND touch.ts >= asked.ts - touch.window_ms
),
-- Each conversion has the path that it has now, and but for fresh ones the path that it had before: two path numbers.
eligible AS MATERIALIZED (
  SELECT pair.* EXCLUDE (age_hours), decay.weight
  FROM pair JOIN decay ON decay.hour = pair.age_hours
),
touched AS (
  SELECT 2 * conversion_no AS path_no, seq, touch_key, indirect, weight FROM eligible WHERE now
  UNION ALL
  SELECT 2 * conversion_no + 1, seq, touch_key, indirect, weight FROM eligible WHERE before
),
wanted AS (
  SELECT 2 * conversion_no AS path_no, 1 AS sign, asked_key, value FROM asked
  UNION ALL
  SELECT 2 * conversion_no + 1, -1, asked_key, value FROM asked WHERE NOT fresh
),
-- A conversion without an eligible touch walks a path of one step, (unattributed). So every path has a first and a last.
step AS (
  SELECT * FROM touched
  UNION ALL
  SELECT path_no, 0, 0, true, 1 FROM wanted ANTI JOIN touched USING (path_no)
),
walked AS MATERIALIZED (
  SELECT step.*, row_number() OVER walk AS steps, (sum(weight) OVER walk)::BIGINT AS weights
  FROM step
  WINDOW walk AS (ORDER BY path_no, seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),
path AS (
  SELECT
    *,
    -- Two steps share as first : last; else the middle shares what these leave, scaled by the number of middle steps.
    CASE WHEN n = 1 THEN 1 WHEN n = 2 THEN first_percent + last_percent ELSE 100 * (n - 2) END AS position_all,
    abs(value)::DOUBLE * greatest(100 * n, decay_all) >= 9e18 AS wide
  FROM (
    SELECT
      path_no,
      count(*) AS n,
      sum(weight)::BIGINT AS decay_all,
      min(steps) - 1 AS steps_ahead,
      min(weights - weight) AS weights_ahead,
      -- The step that last non-direct credits: an all-direct path goes to its last touch.
      coalesce(max(CASE WHEN indirect THEN seq END), max(seq)) AS credited_seq
    FROM walked
    GROUP BY path_no
  )
  JOIN wanted USING (path_no), attribution
),
-- Step i of n, and for each model what the path weighs up to this step, and before it.
weighted AS (
  SELECT
    asked_key, touch_key, sign, value, wide, i, n, credited,
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
    decay_upto, decay_upto - weight AS decay_before, decay_all
  FROM (
    SELECT
      walked.touch_key, walked.weight, path.*,
      walked.seq = path.credited_seq AS credited,
      steps - steps_ahead AS i,
      weights - weights_ahead AS decay_upto
    FROM walked JOIN path USING (path_no)
  )
),
summed AS (
  SELECT
    asked_key, touch_key, sign,
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
  GROUP BY asked_key, touch_key, sign
)
SELECT
  day_text(day) AS day, model.name AS model, type,
  coalesce(channel, '(unattributed)') AS channel, coalesce(campaign, '(none)') AS campaign, currency,
  sign * model.micros AS "creditMicros", sign * model.value AS "valueMinor"
FROM (
  SELECT asked_key, touch_key, sign, unnest([
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
