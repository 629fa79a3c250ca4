"""`Worker`: one process's part of serving, from finding the application to the last response.

It runs the application on the engine, on sockets that another process has opened. `supervisor`
starts the workers, and decides how many there are.
"""

from __future__ import annotations

import _thread
import functools
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ...caching import drop_old
from ...errors import reason_of
from ...net.tls import server_context
from ...wire.fields import FieldFinder
from ...wire.limits import Limits
from ..engine.application import Application, EngineLimits
from ..engine.loop import Engine
from ..handlers.application import is_engine_compatible
from ..logs.access import AccessLog
from ..logs.lines import write_stderr
from ..servers.http import ThreadingHTTPServer, ThreadingHTTPSServer, are_greenlets
from .discover import Target
from .health import with_health
from .logged import LoggedApplication, exchange_of_wsgi, exchange_that_begins, timed_wsgi

if TYPE_CHECKING:
    import ssl

__all__ = ["Settings", "TLSFiles", "Worker"]


class TLSFiles(NamedTuple):
    """The files of a TLS server, in PEM format; read again by every new worker."""

    certfile: str
    keyfile: str | None = None
    password: bytes | None = None
    client_ca: str | None = None

    def context(self) -> ssl.SSLContext:
        """Return a context made of them.

        Raises:
            OSError: as `server_context`; its `strerror` says which file is wrong, and how.
        """
        # Without a password OpenSSL would ask for one on the terminal.
        password = b"" if self.password is None else self.password
        try:
            return server_context(
                self.certfile, self.keyfile, password, ["http/1.1"], self.client_ca
            )
        except OSError as error:
            from .tlsfailure import explained  # start-up: most certificates are good

            error.strerror = f"cannot use the certificate: {explained(self, error)}"
            error.filename = None  # Python 3.15 has it, and the explanation too.
            raise


class Settings(NamedTuple):
    """How to serve. `find` finds the application, in the process that runs it."""

    find: Callable[[], Target]
    name: str = "nethttp"
    """What the messages of the processes begin with."""
    tls: TLSFiles | None = None
    access_log: str | None = None
    """A format of `accesslog.FORMATS`, or "off"; None: a handler class logs what it logs itself,
    everything else is logged "plain"."""
    access_log_file: str | None = None
    """Where it goes; None: standard error."""
    protocol: str | None = "HTTP/1.1"
    """The `protocol_version` of handlers that do not set their own; None leaves theirs."""
    limits: Limits | None = None
    """Bounds of messages; None leaves the handler's own."""
    bounds: Mapping[str, int] = MappingProxyType({})
    """Bounds that replace single ones of these, by their names in `Limits`."""
    engine: EngineLimits = EngineLimits()
    head_timeout: float | None = None
    idle_timeout: float | None = None
    body_timeout: float | None = None
    min_body_rate: int | None = None
    """Deadlines in seconds, and bytes of content a second; None leaves the handler's own."""
    multiprocess: bool = False
    """Whether other processes serve the same."""
    drain_timeout: float = 30.0
    """Seconds that requests may still take once the worker is to end."""
    health_path: str | None = None
    """Answered 200 while the process lives."""
    trusted_proxies: Sequence[str] = ()
    """The proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: see `proxies`."""
    ready_path: str | None = None
    """Answered 200 while it takes new requests, 503 once it ends."""


class Worker:
    """Serves what `settings` say on `listeners`, which are bound and listening.

    Raises:
        NotServable: what is to be served is not to be had.
        OSError: a certificate or a log file cannot be used.
    """

    def __init__(self, settings: Settings, listeners: Sequence[socket.socket]) -> None:
        self.settings = settings
        self._listeners = listeners
        self._draining = False
        servable = settings.find()
        if settings.access_log is None and servable.interface != "handler":
            settings = settings._replace(access_log="plain")
        self._log = _open_log(settings)
        servable = _behind_proxies(with_health(servable, self._probes()), settings)
        if servable.interface == "wsgi" and self._log is not None:
            servable = servable._replace(value=timed_wsgi(servable.value))
        context = settings.tls.context() if settings.tls else None
        self._servers = [
            _server_on(listener, servable, settings, self._log, context) for listener in listeners
        ]
        self._engine = self._make_engine(servable)

    def _probes(self) -> dict[str, Callable[[], bool]]:
        paths = {
            self.settings.health_path: lambda: True,
            self.settings.ready_path: lambda: not self._draining,
        }
        return {path: probe for path, probe in paths.items() if path is not None}

    def _make_engine(self, servable: Target) -> Engine | None:
        """Return the engine, None for a handler that reads connections in its own way.

        None, too, where the application has put greenlets in the place of threads.
        """
        server = self._servers[0]
        if are_greenlets() or not is_engine_compatible(server.RequestHandlerClass):
            return None
        application: Application = server._make_application()
        if self._log is not None and servable.interface != "wsgi":
            application = LoggedApplication(application, self._log)
        if self._log is not None:
            self._log.gather_in(application.log)
        return Engine(
            self._listeners,
            application,
            limits=self.settings.engine,
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
        """Accept nothing more, finish what runs, and let `run` return. May be called by signals."""
        if self._draining:
            self.stop()
            return
        self._draining = True
        for drains in [self._engine] if self._engine is not None else self._servers:
            drains.drain(self.settings.drain_timeout)

    def stop(self) -> None:
        """Let `run` return as soon as can be."""
        if self._engine is not None:
            self._engine.stop()
            return
        for server in self._servers:
            # `shutdown` waits for the loop, which a signal may have interrupted.
            _thread.start_new_thread(server.shutdown, ())

    def reload(self) -> None:
        """Read the certificate again and reopen the log; what was is kept where that fails."""
        try:
            if self.settings.tls is not None:
                context = self.settings.tls.context()
                if self._engine is not None:
                    self._engine.tls = context
                for server in self._servers:
                    server._tls = context
            if self._log is not None:
                self._log.reopen()
        except OSError as error:
            write_stderr(f"{self.settings.name}: cannot reload: {reason_of(error)}\n")


def _behind_proxies(servable: Target, settings: Settings) -> Target:
    if not settings.trusted_proxies or servable.interface != "wsgi":
        return servable
    from .proxies import TrustedProxies, behind_proxies  # start-up: only some servers have one

    proxies = TrustedProxies(settings.trusted_proxies)
    return servable._replace(value=behind_proxies(servable.value, proxies))


def _open_log(settings: Settings) -> AccessLog | None:
    if settings.access_log in (None, "off"):
        return None
    return AccessLog(settings.access_log, settings.access_log_file)


def _server_on(
    listener: socket.socket,
    servable: Target,
    settings: Settings,
    log: AccessLog | None,
    context: ssl.SSLContext | None,
) -> Any:
    """Return what the application sees as its server, with `listener` as its socket."""
    if servable.interface == "wsgi":
        server = _wsgi_server(listener, servable.value, settings, log)
    else:
        handler = _with_settings(servable.value, settings, log)
        server_class = ThreadingHTTPSServer if settings.tls else ThreadingHTTPServer
        server = server_class._on_listener(listener, handler, **_tls_arguments(settings))
    server.max_connections = settings.engine.max_connections
    # Of the engine's, and of a server that shakes hands itself: a handler that the engine cannot
    # run has one.
    server._tls = context
    return server


def _wsgi_server(
    listener: socket.socket, app: Any, settings: Settings, log: AccessLog | None
) -> Any:
    from ..wsgi import WSGIHandler, WSGIServer, WSGISServer  # start-up: only WSGI needs it

    handler_class = _with_settings(WSGIHandler, settings, None)
    server_class = WSGISServer if settings.tls else WSGIServer
    server: Any = server_class._on_listener(
        listener, app, handler_class=handler_class, **_tls_arguments(settings)
    )
    server.multiprocess = settings.multiprocess
    server.set_environ()
    if log is not None:
        server.answered = lambda environ, response: log.write(
            exchange_of_wsgi(environ, response.status, response.sent)
        )
    return server


def _tls_arguments(settings: Settings) -> dict[str, Any]:
    """Return what the constructor of a TLS server needs; its context is made once for all."""
    tls = settings.tls
    if tls is None:
        return {}
    return {"certfile": tls.certfile, "keyfile": tls.keyfile, "password": tls.password or b""}


def _with_settings(factory: Any, settings: Settings, log: AccessLog | None) -> Any:
    """Return a handler class like `factory` that obeys the settings.

    Whom the engine does not run writes to `log` itself.
    """
    if isinstance(factory, functools.partial):
        inner = _with_settings(factory.func, settings, log)
        return functools.partial(inner, *factory.args, **factory.keywords)
    attributes: dict[str, Any] = {
        name: getattr(settings, name)
        for name in ("head_timeout", "idle_timeout", "body_timeout", "min_body_rate")
        if getattr(settings, name) is not None
    }
    if settings.limits is not None or settings.bounds:
        limits = factory.limits if settings.limits is None else settings.limits
        attributes["limits"] = limits._replace(**settings.bounds)
    if settings.protocol is not None and "protocol_version" not in _own_attributes(factory):
        attributes["protocol_version"] = settings.protocol
    if settings.access_log is not None:
        if log is None or is_engine_compatible(factory):
            attributes["log_request"] = _log_nothing
        else:
            attributes["log_request"] = _log_beginning_to(log)
        attributes["log_error"] = _log_what_is_no_response
    if settings.trusted_proxies and "address_string" not in _own_attributes(factory):
        attributes["address_string"] = _forwarded_address(settings.trusted_proxies)
    attributes["__doc__"] = factory.__doc__
    attributes["__module__"] = factory.__module__
    return type(factory.__name__, (factory,), attributes)


def _own_attributes(factory: type) -> set[str]:
    """Return the names that a program's own classes define."""
    return {
        name
        for base in factory.__mro__
        if not base.__module__.startswith(("nethttp.", "socketserver"))
        for name in vars(base)
    }


_FORWARDED_FOR = FieldFinder("x-forwarded-for")


def _forwarded_address(names: Sequence[str]) -> Callable[[Any], str]:
    """Return an `address_string` that gives the client behind the proxies of these names."""
    from .proxies import TrustedProxies  # start-up: only some servers have one

    proxies = TrustedProxies(names)

    def address_string(handler: Any) -> str:
        address = handler.client_address
        peer = str(address[0]) if isinstance(address, tuple) else ""
        forwarded = handler._asked(_FORWARDED_FOR).get("x-forwarded-for", "")
        return proxies.client_of(peer, forwarded) or "-"

    return address_string


def _log_beginning_to(log: AccessLog) -> Callable[..., None]:
    """Return a `log_request` for `log`."""

    def log_request(handler: Any, code: Any = "-", _size: Any = "-") -> None:
        log.write(exchange_that_begins(handler, code))

    return log_request


def _log_nothing(_handler: Any, _code: Any = "-", _size: Any = "-") -> None:
    """The access log has a line for it."""


def _log_what_is_no_response(handler: Any, format: str, *args: Any) -> None:
    # The access log has a line for an error that was answered.
    if format != "code %d, message %s":
        handler.log_message(format, *args)
