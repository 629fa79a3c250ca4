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

from ._version import __version__

TYPE_CHECKING = False  # importing typing takes long; type checkers know this name
if TYPE_CHECKING:
    from . import client as client
    from . import compat as compat
    from . import cookiejar as cookiejar
    from . import cookies as cookies
    from . import errors as errors
    from . import server as server
    from .client.aclient import AsyncClient as AsyncClient
    from .client.api import delete as delete
    from .client.api import get as get
    from .client.api import head as head
    from .client.api import options as options
    from .client.api import patch as patch
    from .client.api import post as post
    from .client.api import put as put
    from .client.api import query as query
    from .client.api import request as request
    from .client.api import stream as stream
    from .client.client import Client as Client
    from .status import HTTPMethod, HTTPStatus

__all__ = ["HTTPMethod", "HTTPStatus", "__version__"]

_PARTS = frozenset({"client", "compat", "cookiejar", "cookies", "errors", "server"})
_CALLS = frozenset(
    {"delete", "get", "head", "options", "patch", "post", "put", "query", "request", "stream"}
)
_CLIENTS = {"AsyncClient": "client.aclient", "Client": "client.client"}
_STATUS_NAMES = frozenset({"HTTPMethod", "HTTPStatus"})

if not TYPE_CHECKING:  # with this function, a type checker would accept any name

    def __getattr__(name: str) -> object:
        if name in _STATUS_NAMES:
            from . import status  # start-up: cookies and jars do not need it

            return getattr(status, name)
        from importlib import import_module  # start-up: likewise

        if name in _PARTS:
            return import_module(f"{__name__}.{name}")
        if name in _CALLS or name in _CLIENTS:
            module = import_module(f"{__name__}.{_CLIENTS.get(name, 'client.api')}")
            value = globals()[name] = getattr(module, name)
            return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    dunders = (name for name in globals() if name.startswith("__"))
    return sorted({*__all__, *_PARTS, *_CALLS, *_CLIENTS, *dunders})
