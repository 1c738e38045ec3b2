-- How often null paths pass from one state to the next.
--
-- In:  edge, filed  see journeys/
-- Out: day, from, to, partition, nulls
SELECT day, "from", "to", partition, sum(journeys) AS nulls
FROM edge JOIN filed USING (filed_no)
WHERE is_null
GROUP BY ALL
