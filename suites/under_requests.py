"""A plugin for pytest: every session of requests sends by nethttp. For requests' own tests."""

from __future__ import annotations

from typing import Any

import requests

from nethttp.client.compat.requests_adapter import NethttpAdapter

_make = requests.Session.__init__


def _make_on_nethttp(session: requests.Session, *arguments: Any, **options: Any) -> None:
    _make(session, *arguments, **options)
    session.mount("https://", NethttpAdapter())
    session.mount("http://", NethttpAdapter())


requests.Session.__init__ = _make_on_nethttp  # type: ignore[method-assign,assignment]
