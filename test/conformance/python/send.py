"""Sends with the unmodified libraries: send.py segment|posthog URL KEY zipped|plain. Prints each error that the library reports."""

import datetime
import sys

library, host, key, form = sys.argv[1:]
an_hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)


def on_error(error, _items):
    print(error)


if library == "segment":
    from segment.analytics.client import Client

    client = Client(key, host=host, gzip=form == "zipped", on_error=on_error)
    client.track(
        "u", "Order Completed", {"revenue": 19.99, "currency": "EUR"}, timestamp=an_hour_ago, message_id="m-track"
    )
    client.page(anonymous_id="a", category="Docs", name="Python", properties={"path": "/docs"})
    client.identify("u", {"plan": "pro"})
    client.shutdown()
else:
    from posthog import Posthog

    client = Posthog(key, host=host, gzip=form == "zipped", on_error=on_error)
    client.capture("played", distinct_id="u", properties={"seconds": 3}, timestamp=an_hour_ago, uuid="0190f5a0-0000-7000-8000-000000000000")
    client.set(distinct_id="u", properties={"plan": "pro"})
    client.shutdown()
