"""HTTP servers: the drop-in for `http.server`.

`HTTPServer`, `ThreadingHTTPServer` and their TLS twins accept connections and give each to a
handler: a subclass of `BaseHTTPRequestHandler`, or `SimpleHTTPRequestHandler` for files. `serve`
runs a handler, a WSGI application or a directory in production: processes, signals, logs.

>>> import threading
>>> from nethttp.client import HTTPConnection
>>> class Hello(BaseHTTPRequestHandler):
...     def do_GET(self):
...         self.send_response(200)
...         self.end_headers()
...         self.wfile.write(b"Hello, World!")
...     def log_message(self, format, *args):
...         pass
>>> with ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
...     thread = threading.Thread(target=server.serve_forever)
...     thread.start()
...     with HTTPConnection(*server.server_address) as connection:
...         connection.request("GET", "/")
...         print(connection.getresponse().read())
...     server.shutdown()
...     thread.join()
b'Hello, World!'
"""

from __future__ import annotations

from contextlib import suppress as _suppress
from typing import TYPE_CHECKING, Any

from ..public import present as _present
from ..status import HTTPStatus as HTTPStatus
from . import seams as _seams
from .files.cgi import CGIHTTPRequestHandler
from .files.cgi import executable as executable
from .files.cgi import nobody_uid as nobody_uid
from .files.cgi import url_collapse_path as _url_collapse_path  # noqa: F401  # for programs
from .files.handler import SimpleHTTPRequestHandler
from .handlers.handler import BaseHTTPRequestHandler
from .handlers.response import DEFAULT_ERROR_CONTENT_TYPE as DEFAULT_ERROR_CONTENT_TYPE
from .handlers.response import DEFAULT_ERROR_MESSAGE as DEFAULT_ERROR_MESSAGE
from .process.test_function import best_family as _get_best_family  # noqa: F401  # for programs
from .process.test_function import make_server as _make_server  # noqa: F401  # for programs
from .process.test_function import test as test
from .servers.http import HTTPServer, HTTPSServer, ThreadingHTTPServer, ThreadingHTTPSServer

if TYPE_CHECKING:
    from .process.serve import serve as serve

__all__ = [
    "BaseHTTPRequestHandler",
    "CGIHTTPRequestHandler",
    "HTTPSServer",
    "HTTPServer",
    "SimpleHTTPRequestHandler",
    "ThreadingHTTPSServer",
    "ThreadingHTTPServer",
    "serve",
]

#: The user id that `nobody_uid` returns, once it has been looked up.
nobody: int | None = None

#: What `http.server` says of itself; no program should read it any more.
_VERSION = "0.6"


if not TYPE_CHECKING:  # a type checker is to know which names there are

    def __getattr__(name: str) -> Any:
        if name == "serve":
            from .process.serve import serve  # start-up: most programs have a server of their own

            return serve
        if name in _seams.MODULES:
            with _suppress(ModuleNotFoundError):
                return _seams.load(name)
        elif name == "_main":
            from .process.simple_command import main  # start-up: few programs call it

            return main
        elif name == "__version__":
            return _version()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _version() -> str:
    """Return `__version__`, with the warning that Python 3.15 gives."""
    import sys  # these are names of the standard library's module: see `seams`
    import warnings

    if sys.version_info >= (3, 15):
        warnings.warn(
            "'__version__' is deprecated and slated for removal in Python 3.20",
            DeprecationWarning,
            stacklevel=3,
        )
    return _VERSION


def __dir__() -> list[str]:
    return sorted([*__all__, "HTTPStatus", "executable", "nobody_uid", "test"])


# The files that share what is `http.server` in the standard library. The engine and the processes
# have no counterpart there: a clock or a socket that a program puts here is not theirs.
_present(
    __name__,
    files={
        *("files.cgi", "files.finder", "files.handler", "files.listing", "files.mediatypes"),
        *("files.paths", "files.sender", "files.settings"),
        *("engine.dated_head", "handlers.handler", "handlers.request", "handlers.response"),
        *(
            "logs.clock",
            "logs.lines",
            "process.simple_command",
            "process.test_function",
            "servers.http",
        ),
    },
)
