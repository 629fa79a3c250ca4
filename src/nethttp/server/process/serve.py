"""`serve`: an application on some addresses until the process is told to end."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

from ...wire.limits import Limits
from ..engine.application import EngineLimits
from ..logs.access import FORMATS
from .discover import identify
from .listeners import Address, Listeners, parse_address
from .supervisor import Supervisor, serve_in_this_process
from .worker import Settings, TLSFiles

__all__ = ["serve"]


def serve(
    app: Any,
    *,
    bind: str | Sequence[str] = "127.0.0.1:8000",
    workers: int = 1,
    interface: Literal["handler", "wsgi", "directory"] | None = None,
    tls_cert: str | os.PathLike[str] | None = None,
    tls_key: str | os.PathLike[str] | None = None,
    tls_password: str | bytes | None = None,
    tls_client_ca: str | os.PathLike[str] | None = None,
    access_log: Literal["off", "plain", "common", "combined", "json"] | None = None,
    access_log_file: str | os.PathLike[str] | None = None,
    limits: Limits | None = None,
    head_timeout: float | None = None,
    idle_timeout: float | None = None,
    body_timeout: float | None = None,
    min_body_rate: int | None = None,
    max_connections: int | None = EngineLimits().max_connections,
    max_threads: int = EngineLimits().max_threads,
    max_waiting: int = EngineLimits().max_waiting,
    drain_timeout: float = 30.0,
    health_path: str | None = None,
    ready_path: str | None = None,
    trusted_proxies: Sequence[str] = (),
    backlog: int = 2048,
    unix_mode: int | None = None,
    on_ready: Callable[[list[str]], None] | None = None,
) -> int:
    """Serve `app` until SIGTERM or SIGINT, and return the exit status: 0, or 1 after giving up.

    `app` is a handler class, a WSGI application or the path of a directory; `interface`
    ("handler", "wsgi", "directory") says which, where that is not to be found out by looking.
    `bind` has one or more addresses: ``host:port``, ``[::1]:port``, ``unix:PATH``, ``fd:N`` or
    ``systemd``. `on_ready` is called with the URLs once it serves.

    With one worker this process serves: SIGHUP reads the certificate again and reopens the log.
    With more, that many processes are forked, and replaced if they die; SIGHUP renews them one by
    one without losing a connection. Call it from the main thread, before there are others.

    `access_log` is "plain" (as http.server writes it), "common", "combined", "json" or "off"; None:
    a handler class logs what it logs itself, everything else is logged "plain".
    Deadlines are in seconds, `min_body_rate` is in bytes a second; None leaves the handler's own.
    `limits` bound messages; the other bounds are `EngineLimits`'. `health_path` is answered 200,
    `ready_path` 503 once the end has begun. SIGTERM lets what runs go on for up to `drain_timeout`
    seconds.

    `trusted_proxies` are addresses, networks such as "10.0.0.0/8", or "unix" for the peers of a
    Unix socket: what they say in X-Forwarded-For and X-Forwarded-Proto is what a WSGI application
    and the access log see.

    Raises:
        ValueError: an application that is none (`NotServable`), or an address.
        OSError: an address cannot be bound, or a file cannot be used.
    """
    if workers < 1:
        raise ValueError(f"expected at least one worker, got {workers}")
    if workers > 1 and not hasattr(os, "fork"):
        raise ValueError("expected one worker: this system cannot fork")
    if access_log not in (None, "off", *FORMATS):
        raise ValueError(f"expected an access_log of off, {', '.join(FORMATS)}, got {access_log!r}")
    if trusted_proxies:
        from .proxies import TrustedProxies  # start-up: only some servers have one

        TrustedProxies(trusted_proxies)  # it raises what every worker would
    servable = identify(app, interface)
    tls = None
    if tls_cert is not None:
        tls = TLSFiles(
            os.fspath(tls_cert),
            None if tls_key is None else os.fspath(tls_key),
            tls_password.encode() if isinstance(tls_password, str) else tls_password,
            None if tls_client_ca is None else os.fspath(tls_client_ca),
        )
    settings = Settings(
        lambda: servable,
        tls=tls,
        access_log=access_log,
        access_log_file=None if access_log_file is None else os.fspath(access_log_file),
        limits=limits,
        engine=EngineLimits(
            max_connections=max_connections, max_threads=max_threads, max_waiting=max_waiting
        ),
        head_timeout=head_timeout,
        idle_timeout=idle_timeout,
        body_timeout=body_timeout,
        min_body_rate=min_body_rate,
        multiprocess=workers > 1,
        drain_timeout=drain_timeout,
        health_path=health_path,
        ready_path=ready_path,
        trusted_proxies=trusted_proxies,
    )
    addresses: list[Address] = [
        parse_address(text) for text in ([bind] if isinstance(bind, str) else bind)
    ]
    listeners = Listeners(addresses, workers, backlog=backlog, unix_mode=unix_mode)

    def announce() -> None:
        if on_ready is not None:
            on_ready(listeners.urls("https" if tls else "http"))

    try:
        if workers > 1:
            return Supervisor(settings, listeners, workers, announce).run()
        serve_in_this_process(settings, listeners, announce)
        return 0
    finally:
        listeners.close()


serve.__module__ = "nethttp.server"
