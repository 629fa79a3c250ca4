"""`WSGIServer`: a server whose requests a WSGI application answers."""

from __future__ import annotations

from typing import Any

from ...overrides import Bypassed
from ...wire.environ import Environ
from ..handlers.application import HandlerApplication
from ..handlers.handler import BaseHTTPRequestHandler
from ..logs.lines import ErrorStream
from ..servers.http import HTTPSServer, ThreadingHTTPServer
from .application import WSGIApplication, WSGIHandler
from .response import App, FileWrapper, Response

__all__ = ["WSGISServer", "WSGIServer"]


class WSGIServer(ThreadingHTTPServer):
    """Serves a WSGI application on the engine, with threads for requests that block. PEP 3333.

    `multiprocess` is the value of ``wsgi.multiprocess`` in the environ.
    """

    multiprocess = False
    url_scheme = "http"

    def __init__(
        self,
        server_address: Any,
        application: App,
        bind_and_activate: bool = True,
        *,
        handler_class: type[WSGIHandler] = WSGIHandler,
        **options: Any,
    ) -> None:
        self.application = application
        self.base_environ: Environ = {}
        super().__init__(server_address, handler_class, bind_and_activate, **options)

    def server_bind(self) -> None:
        """Bind, and make `base_environ`."""
        super().server_bind()
        self.set_environ()

    def set_environ(self) -> None:
        """Make `base_environ`, which every environ begins with; it is read when serving begins."""
        address = self.server_address
        host, port = (address[0], address[1]) if isinstance(address, tuple) else (address, "")
        self.base_environ = {
            "GATEWAY_INTERFACE": "CGI/1.1",
            "SERVER_SOFTWARE": BaseHTTPRequestHandler.server_version,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SCRIPT_NAME": "",
            "REMOTE_ADDR": "",
            "REMOTE_PORT": "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.url_scheme,
            "wsgi.errors": ErrorStream(),
            "wsgi.multithread": self._has_threads,
            "wsgi.multiprocess": self.multiprocess,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
        }

    def answered(self, environ: Environ, response: Response) -> None:
        """Called after every response, for an access log; see `response.status` and `.sent`."""

    _ANSWERED = Bypassed("answered")

    def _make_application(self) -> HandlerApplication:
        if WSGIHandler._APPLICATION_STEPS.left_alone_by(self.RequestHandlerClass):
            answered = None if self._ANSWERED.left_alone(self) else self.answered
            return WSGIApplication(self, answered)
        return HandlerApplication(self.RequestHandlerClass, self)


class WSGISServer(WSGIServer, HTTPSServer):
    """`WSGIServer` over TLS; takes the options of `HTTPSServer` too.

    In the environ ``wsgi.url_scheme`` is "https".
    """

    url_scheme = "https"
    busy_response = b""
