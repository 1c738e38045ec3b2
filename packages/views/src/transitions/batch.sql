-- How often the paths of conversions pass from one state to the next; the value lies on the edge into the conversion.
--
-- In:  edge, filed  see journeys/
-- Out: day, type, from, to, currency, partition, conversions, valueMinor
SELECT day, type, "from", "to", currency, partition, sum(journeys) AS conversions, sum(value) AS "valueMinor"
FROM edge JOIN filed USING (filed_no)
WHERE NOT is_null
GROUP BY ALL
