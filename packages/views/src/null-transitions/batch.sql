-- How often null paths pass from one state to the next.
--
-- In:  edge(), filed  see journeys/
-- Out: day, from, to, partition, nulls
SELECT day, "from", "to", partition, sum(journeys) AS nulls
FROM edge(true) JOIN filed USING (filed_no)
GROUP BY ALL
