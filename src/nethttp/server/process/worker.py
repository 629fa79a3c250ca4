"""`Worker`: one process's part of serving, from finding the application to the last response.

It runs the application on the engine, on sockets that another process has opened. `supervisor`
starts the workers, and decides how many there are.
"""

from __future__ import annotations

import _thread
import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ...caching import drop_old
from ...errors import reason_of
from ..engine.application import Application
from ..engine.loop import Engine
from ..handlers.application import is_engine_compatible
from ..logs.access import AccessLog
from ..logs.lines import write_stderr
from ..servers.greenlets import are_greenlets
from ..servers.http import ThreadingHTTPServer, ThreadingHTTPSServer
from .configured import configured
from .discover import Target
from .health import with_health
from .logged import LoggedApplication, record_of_handler
from .options import ServeOptions

if TYPE_CHECKING:
    import ssl

__all__ = ["Service", "Worker"]


class Service(NamedTuple):
    """What to serve, and how. Each worker calls `find`, because a new worker needs new code."""

    find: Callable[[], Target]
    options: ServeOptions = ServeOptions()
    name: str = "nethttp"
    """What the messages of the processes begin with."""


class Worker:
    """Serves `service` on `listeners`, which are bound and listening.

    Raises:
        NotServable: `service.find` finds nothing that can be served.
        OSError: a certificate or a log file cannot be used.
    """

    def __init__(self, service: Service, listeners: Sequence[socket.socket]) -> None:
        self._name = service.name
        self._listeners = listeners
        self._draining = False
        target, options = service.find(), service.options
        if options.access_log is None and target.interface != "handler":
            options = replace(options, access_log="plain")
        self._options = options
        self._log = log = _open_log(options)
        target = _behind_proxies(with_health(target, self._probes()), options)
        context = options.tls.context() if options.tls else None
        self._servers = [
            _server_on(listener, target, options, log, context) for listener in listeners
        ]
        self._engine = self._make_engine()

    def _probes(self) -> dict[str, Callable[[], bool]]:
        paths = {
            self._options.health_path: lambda: True,
            self._options.ready_path: lambda: not self._draining,
        }
        return {path: probe for path, probe in paths.items() if path is not None}

    def _make_engine(self) -> Engine | None:
        """Return the engine; None for handlers that it cannot run."""
        server = self._servers[0]
        if not _is_run_by_engine(server.RequestHandlerClass):
            return None
        application: Application = server._make_application()
        if self._log is not None:
            application = LoggedApplication(application, self._log)
            self._log.gather_in(application.log)
        return Engine(
            self._listeners,
            application,
            limits=self._options.engine_limits,
            tls=server._tls,
            on_error=server.handle_error,
            busy_response=server.busy_response,
        )

    def run(self, service_actions: Callable[[], None] = lambda: None) -> None:
        """Serve until `drain` or `stop`; `service_actions` is called every half second."""
        if self._engine is not None:

            def tend() -> None:
                drop_old()
                service_actions()

            self._engine.run(0.5, tend)
        else:
            self._run_servers(service_actions)
        if self._log is not None:
            self._log.close()

    def _run_servers(self, service_actions: Callable[[], None]) -> None:
        first, *others = self._servers
        threads = [threading.Thread(target=server.serve_forever) for server in others]
        for thread in threads:
            thread.start()
        first.service_actions = service_actions
        try:
            first.serve_forever()
        finally:
            for thread in threads:
                thread.join()

    def drain(self) -> None:
        """Stop accepting, and let `run` return once running requests have finished.

        A second call stops at once, because two signals mean that. Signal handlers may call it.
        """
        if self._draining:
            self.stop()
            return
        self._draining = True
        for drains in [self._engine] if self._engine is not None else self._servers:
            drains.drain(self._options.drain_timeout)

    def stop(self) -> None:
        """Let `run` return as soon as possible."""
        if self._engine is not None:
            self._engine.stop()
            return
        for server in self._servers:
            # `shutdown` waits for the loop, which a signal may have interrupted.
            _thread.start_new_thread(server.shutdown, ())

    def reload(self) -> None:
        """Read the certificate again and reopen the log; if that fails, keep the old ones."""
        try:
            if self._options.tls is not None:
                context = self._options.tls.context()
                if self._engine is not None:
                    self._engine.tls = context
                for server in self._servers:
                    server._tls = context
            if self._log is not None:
                self._log.reopen()
        except OSError as error:
            write_stderr(f"{self._name}: cannot reload: {reason_of(error)}\n")


def _is_run_by_engine(factory: Any) -> bool:
    """Return whether the engine runs the handlers of `factory`.

    It does not run handlers that read connections in their own way, and none where gevent or
    eventlet has replaced threads by greenlets.
    """
    return not are_greenlets() and is_engine_compatible(factory)


def _behind_proxies(target: Target, options: ServeOptions) -> Target:
    if not options.trusted_proxies or target.interface != "wsgi":
        return target
    from .proxies import TrustedProxies, behind_proxies  # start-up: only some servers have one

    proxies = TrustedProxies(options.trusted_proxies)
    return target._replace(value=behind_proxies(target.value, proxies))


def _open_log(options: ServeOptions) -> AccessLog | None:
    if options.access_log in (None, "off"):
        return None
    path = options.access_log_file
    return AccessLog(options.access_log, None if path is None else os.fspath(path))


def _server_on(
    listener: socket.socket,
    target: Target,
    options: ServeOptions,
    log: AccessLog | None,
    context: ssl.SSLContext | None,
) -> Any:
    """Return what the application sees as its server, with `listener` as its socket."""
    if target.interface == "wsgi":
        server = _wsgi_server(listener, target.value, options, log)
    else:
        handler = configured(
            target.value, options, None if _is_run_by_engine(target.value) else log
        )
        server_class = ThreadingHTTPSServer if options.tls else ThreadingHTTPServer
        server = server_class._on_listener(listener, handler, **_tls_arguments(options))
    for name, bound in options.engine_limits._asdict().items():
        setattr(server, name, bound)
    # For the engine, and for a server that shakes hands itself because the engine cannot run its
    # handlers.
    server._tls = context
    return server


def _wsgi_server(
    listener: socket.socket, app: Any, options: ServeOptions, log: AccessLog | None
) -> Any:
    from ..wsgi import WSGIHandler, WSGIServer, WSGISServer  # start-up: only WSGI needs it

    handler_class = configured(WSGIHandler, options, None)
    if log is not None and not _is_run_by_engine(WSGIHandler):
        handler_class._on_answered = lambda handler: log.write(
            record_of_handler(handler, handler._status, handler.wfile.sent)
        )
    server_class = WSGISServer if options.tls else WSGIServer
    server: Any = server_class._on_listener(
        listener, app, handler_class=handler_class, **_tls_arguments(options)
    )
    server.multiprocess = options.workers > 1
    server.set_environ()
    return server


def _tls_arguments(options: ServeOptions) -> dict[str, Any]:
    """Return what the constructor of a TLS server needs; its context is made once for all."""
    tls = options.tls
    if tls is None:
        return {}
    return {"certfile": tls.certfile, "keyfile": tls.keyfile, "password": tls.password or b""}
