-- Fields of forms: a focus that ends, with a change or without; forms that were sent, and the field left last of those that were given up.
--
-- In:  web_events (day, type, page, is_bot, web)  see web/events.sql
-- Out: day, page, form, field, focused, changed, submitted, lastField, ms
SELECT day_text(day) AS day, page, form, field, focused, changed, submitted, "lastField", ms
FROM (
  SELECT
    day, page, name_of(text_at(web, '$.form'), 128) AS form, name_of(text_at(web, '$.field'), 128) AS field,
    count(*) FILTER (action IN ('focus', 'change')) AS focused,
    count(*) FILTER (action = 'change') AS changed,
    count(*) FILTER (action = 'submit') AS submitted,
    count(*) FILTER (action = 'abandon') AS "lastField",
    coalesce(sum(whole_at(web, '$.ms', 31622400000)) FILTER (action IN ('focus', 'change')), 0) AS ms
  FROM (SELECT *, text_at(web, '$.action') AS action FROM web_events WHERE type = 'form' AND NOT is_bot)
  WHERE action IN ('focus', 'change', 'submit', 'abandon')
  GROUP BY ALL
)
