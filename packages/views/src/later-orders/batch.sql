-- Conversions that are not a user's first order over a channel of their path, and how many users reach that number of orders.
--
-- In:  again, filed, channel  see journeys/
-- Out: day, type, channels, channel, nth, currency, partition, conversions, users
SELECT day, type, channels, channel, nth::VARCHAR AS nth, currency, partition, conversions, users
FROM again JOIN filed USING (filed_no) JOIN channel USING (channel_no)
WHERE conversions <> 0 OR users <> 0
