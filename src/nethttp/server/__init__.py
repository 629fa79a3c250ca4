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

import os as os  # programs reach it through this module
from typing import TYPE_CHECKING, Any

from .cgi import CGIHTTPRequestHandler
from .cgi import executable as executable
from .cgi import nobody_uid as nobody_uid
from .cgi import url_collapse_path as _url_collapse
from .files import SimpleHTTPRequestHandler
from .handler import BaseHTTPRequestHandler
from .responder import DEFAULT_ERROR_CONTENT_TYPE as DEFAULT_ERROR_CONTENT_TYPE
from .responder import DEFAULT_ERROR_MESSAGE as DEFAULT_ERROR_MESSAGE
from .run import best_family as _best_family
from .run import test as test
from .servers import HTTPServer, HTTPSServer, ThreadingHTTPServer, ThreadingHTTPSServer

if TYPE_CHECKING:
    from .serving import serve as serve

__all__ = [
    "BaseHTTPRequestHandler",
    "CGIHTTPRequestHandler",
    "HTTPSServer",
    "HTTPServer",
    "SimpleHTTPRequestHandler",
    "ThreadingHTTPSServer",
    "ThreadingHTTPServer",
]
# `serve` is not among them: `from http.server import *` gives what it gives in the stdlib.

# What programs that look below the documented surface call.
_url_collapse_path = _url_collapse
_get_best_family = _best_family


def __getattr__(name: str) -> Any:
    if name == "serve":
        from .serving import serve  # start-up: most programs have a server of their own

        return serve
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
