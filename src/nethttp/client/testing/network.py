"""A network in memory below the real client: its servers, names, delays, faults and clock.

Pool, parser, TLS, retries and deadlines are the client's own; a minute of the script takes no time.
A server is a generator that yields effects, one for each connection::

    def slow(link):
        yield Read(link, inf)  # the request
        yield Sleep(network.clock() + 60)
        yield Write(link, b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi", inf)
        link.reset()

>>> from nethttp.client import Client
>>> from nethttp.errors import ReadTimeout
>>> network = ScriptedNetwork()
>>> def silent(link):
...     yield Read(link, inf)
...     yield Sleep(inf)
>>> network.serve("example.com", 80, silent)
>>> with Client(network=network, timeout=30) as client:
...     try:
...         client.get("http://example.com/")
...     except ReadTimeout:
...         network.clock() - START
30.0

`network.name` scripts DNS and its failures, and `network.refuse` connections that fail or hang.
"""

from __future__ import annotations

from math import inf

from ...net.effects import Exchange, Read, Sleep, Write
from ...net.scripted import START, ScriptedNetwork
from ...net.scriptedlink import ScriptedLink, Server

__all__ = [
    "START",
    "Exchange",
    "Read",
    "ScriptedLink",
    "ScriptedNetwork",
    "Server",
    "Sleep",
    "Write",
    "inf",
]
