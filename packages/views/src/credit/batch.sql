-- The credit of each conversion under every rule-based model, split over its path (attribution/src/rule-based.ts).
--
-- In:  anchors (user_no, seq)    the conversions asked for
--      timeline (user_no, seq, ts, type, kind, channel, campaign, window_ms, value, currency)
--                                all that these may look at: touches and conversions of their users, within reach
--      attribution, decay, direct_channels   from the definitions, see definition-tables.sql
-- Out: day, model, type, channel, campaign, currency, creditMicros, valueMinor
WITH conversion AS (
  SELECT
    user_no, seq, ts, type, value, currency,
    CASE WHEN (SELECT reset_on_conversion FROM attribution)
      THEN lag(seq, 1, 0) OVER (PARTITION BY user_no ORDER BY seq) ELSE 0 END AS after_seq
  FROM timeline
  WHERE kind = 'conversion'
),
asked AS (
  SELECT row_number() OVER () AS conversion_no, conversion.*
  FROM conversion SEMI JOIN anchors USING (user_no, seq)
),
touch AS (
  SELECT
    user_no, seq, ts, channel, campaign, window_ms,
    channel IN (SELECT channel FROM direct_channels) AS direct
  FROM timeline
  WHERE kind = 'touch'
),
pair AS (
  SELECT
    asked.conversion_no, asked.ts, asked.type, asked.currency, asked.value,
    touch.seq, touch.channel, touch.campaign, touch.direct, (asked.ts - touch.ts) // 3600000 AS age_hours
  FROM asked JOIN touch
    ON touch.user_no = asked.user_no
    AND touch.seq < asked.seq
    AND touch.seq > asked.after_seq
    AND touch.ts >= asked.ts - touch.window_ms
),
-- A conversion without an eligible touch walks a path of one step: (unattributed). So every path has a first and a last.
step AS (
  SELECT pair.* EXCLUDE (age_hours), decay.weight AS decay_weight
  FROM pair JOIN decay ON decay.hour = pair.age_hours
  UNION ALL
  SELECT conversion_no, ts, type, currency, value, 0, '(unattributed)', '(none)', false, 1
  FROM asked ANTI JOIN pair USING (conversion_no)
),
-- Step i of n, the time-decay weight up to it and of the whole path, and the step that last non-direct credits.
placed AS (
  SELECT
    *,
    row_number() OVER path AS i,
    count(*) OVER whole AS n,
    sum(decay_weight) OVER path AS decay_upto,
    sum(decay_weight) OVER whole AS decay_all,
    coalesce(max(CASE WHEN NOT direct THEN seq END) OVER whole, max(seq) OVER whole) AS credited_seq
  FROM step
  WINDOW
    path AS (PARTITION BY conversion_no ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
    whole AS (PARTITION BY conversion_no ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
-- Cumulative position-based weight, as integers: n = 2 shares by first : last; the middle shares what they leave.
weighted AS (
  SELECT
    placed.*,
    CASE
      WHEN n = 1 OR i = n THEN position_all
      WHEN n = 2 THEN first_percent
      ELSE first_percent * (n - 2) + (100 - first_percent - last_percent) * (i - 1)
    END AS position_upto,
    position_all,
    CASE
      WHEN i = 1 THEN 0
      WHEN n = 2 THEN first_percent
      ELSE first_percent * (n - 2) + (100 - first_percent - last_percent) * (i - 2)
    END AS position_before
  FROM (
    SELECT placed.*, first_percent, last_percent,
      CASE WHEN n = 1 THEN 1 WHEN n = 2 THEN first_percent + last_percent ELSE 100 * (n - 2) END AS position_all
    FROM placed, attribution
  ) AS placed
),
summed AS (
  SELECT
    ts // 86400000 AS day, type, channel, campaign, currency,
    sum(CASE WHEN i = 1 THEN 1000000 ELSE 0 END) AS first_micros,
    sum(CASE WHEN i = 1 THEN value ELSE 0 END) AS first_value,
    sum(CASE WHEN i = n THEN 1000000 ELSE 0 END) AS last_micros,
    sum(CASE WHEN i = n THEN value ELSE 0 END) AS last_value,
    sum(CASE WHEN seq = credited_seq THEN 1000000 ELSE 0 END) AS nondirect_micros,
    sum(CASE WHEN seq = credited_seq THEN value ELSE 0 END) AS nondirect_value,
    sum(share(1000000, i - 1, i, n)) AS linear_micros,
    sum(share(value, i - 1, i, n)) AS linear_value,
    sum(share(1000000, position_before, position_upto, position_all)) AS position_micros,
    sum(share(value, position_before, position_upto, position_all)) AS position_value,
    sum(share(1000000, decay_upto - decay_weight, decay_upto, decay_all)) AS decay_micros,
    sum(share(value, decay_upto - decay_weight, decay_upto, decay_all)) AS decay_value
  FROM weighted
  GROUP BY ALL
)
SELECT day_text(day) AS day, model.name AS model, type, channel, campaign, currency,
  model.micros AS "creditMicros", model.value AS "valueMinor"
FROM (
  SELECT day, type, channel, campaign, currency, unnest([
    {name: 'first', micros: first_micros, value: first_value},
    {name: 'last', micros: last_micros, value: last_value},
    {name: 'lastNonDirect', micros: nondirect_micros, value: nondirect_value},
    {name: 'linear', micros: linear_micros, value: linear_value},
    {name: 'positionBased', micros: position_micros, value: position_value},
    {name: 'timeDecay', micros: decay_micros, value: decay_value}
  ]) AS model
  FROM summed
)
WHERE model.micros <> 0 OR model.value <> 0
