"""nethttp: Python's http package as it should be.

The five parts are `HTTPStatus`, `nethttp.client`, `nethttp.server`, `nethttp.cookies` and
`nethttp.cookiejar`, under the standard library's names. A part is imported when it is first used.

>>> import nethttp
>>> nethttp.HTTPStatus.OK.phrase
'OK'
>>> nethttp.client.responses[404]
'Not Found'
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from ._version import __version__
from .status import HTTPMethod, HTTPStatus

__all__ = ["HTTPMethod", "HTTPStatus", "__version__"]

_PARTS = frozenset({"client", "compat", "cookiejar", "cookies", "errors", "server"})


def __getattr__(name: str) -> ModuleType:
    if name in _PARTS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PARTS])
