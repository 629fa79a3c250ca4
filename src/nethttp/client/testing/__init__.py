"""For the tests of programs: applications in place of servers, recorded answers, and a network.

* `WSGITransport`, `ASGITransport`: a client's requests go to an application in this process.
* `recorded_once`, `RecordingTransport`, `ReplayingTransport`: HAR files, with `Redaction`.
* `nethttp.client.testing.network`: a scripted network below the real client, with its own clock.

>>> from nethttp.client import Client
>>> from nethttp.client.testing import WSGITransport
>>> def app(environ, start_response):
...     start_response("200 OK", [("Content-Type", "text/plain")])
...     return [b"Hello ", environ["PATH_INFO"].encode()]
>>> with Client(transport=WSGITransport(app), base_url="http://app.test") as client:
...     client.get("/you").text
'Hello /you'
"""

from __future__ import annotations

from .asgi import ASGITransport
from .recording import RecordingTransport, recorded_once
from .redaction import Redaction
from .replaying import NotRecorded, ReplayingTransport
from .wsgi import WSGITransport

__all__ = [
    "ASGITransport",
    "NotRecorded",
    "RecordingTransport",
    "Redaction",
    "ReplayingTransport",
    "WSGITransport",
    "recorded_once",
]
