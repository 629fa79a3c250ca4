"""`serve`: an application on some addresses until the process is told to end."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

from ...wire.limits import Limits
from .discover import identify
from .listeners import Listeners, parse_address
from .options import ServeOptions
from .supervisor import Supervisor
from .worker import Service
from .worker_process import serve_in_this_process

__all__ = ["serve"]


def serve(
    app: Any,
    *,
    bind: str | Sequence[str] = ServeOptions.bind,
    workers: int = ServeOptions.workers,
    interface: Literal["handler", "wsgi", "directory", "file"] | None = ServeOptions.interface,
    protocol: Literal["HTTP/1.0", "HTTP/1.1"] = ServeOptions.protocol,
    tls_cert: str | os.PathLike[str] | None = ServeOptions.tls_cert,
    tls_key: str | os.PathLike[str] | None = ServeOptions.tls_key,
    tls_password: str | bytes | None = ServeOptions.tls_password,
    tls_client_ca: str | os.PathLike[str] | None = ServeOptions.tls_client_ca,
    handshake_timeout: float = ServeOptions.handshake_timeout,
    access_log: Literal["off", "plain", "common", "combined", "json"]
    | None = ServeOptions.access_log,
    access_log_file: str | os.PathLike[str] | None = ServeOptions.access_log_file,
    limits: Limits | None = ServeOptions.limits,
    max_body: int | None = ServeOptions.max_body,
    max_head: int | None = ServeOptions.max_head,
    max_fields: int | None = ServeOptions.max_fields,
    head_timeout: float | None = ServeOptions.head_timeout,
    idle_timeout: float | None = ServeOptions.idle_timeout,
    body_timeout: float | None = ServeOptions.body_timeout,
    min_body_rate: int | None = ServeOptions.min_body_rate,
    body_grace: float | None = ServeOptions.body_grace,
    max_connections: int | None = ServeOptions.max_connections,
    max_threads: int = ServeOptions.max_threads,
    max_waiting: int = ServeOptions.max_waiting,
    drain_timeout: float = ServeOptions.drain_timeout,
    health_path: str | None = ServeOptions.health_path,
    ready_path: str | None = ServeOptions.ready_path,
    trusted_proxies: Sequence[str] = ServeOptions.trusted_proxies,
    backlog: int = ServeOptions.backlog,
    unix_mode: int | None = ServeOptions.unix_mode,
    on_ready: Callable[[list[str]], None] | None = None,
) -> int:
    """Return the exit status once SIGTERM or SIGINT has ended serving: 0, or 1 after giving up.

    `app` is a handler class, a WSGI application or the path of a directory or file; `interface`
    says which ("handler", "wsgi", "directory", "file"), if `app` does not show it. `bind` is an
    address or several: ``host:port``, ``[::1]:port``, ``unix:PATH``, ``fd:N`` or ``systemd``.
    `on_ready` is called with the URLs once the server accepts connections.

    With one worker this process serves; SIGHUP reads the certificate again and reopens the log.
    With more workers this process forks them and replaces those that die; SIGHUP renews them one
    by one without losing a connection. Call `serve` from the main thread, before the program has
    started other threads.

    ``python -m nethttp.server --help`` explains each option. In seconds: `handshake_timeout`,
    `head_timeout`, `idle_timeout`, `body_timeout`, `body_grace`, `drain_timeout`. In bytes:
    `max_body`, `max_head`, and each second `min_body_rate`. Most of each: `max_fields`,
    `max_connections`, `max_threads`, `max_waiting`, and connections in the `backlog`. `unix_mode`
    is a number as `os.chmod` takes it. `limits` replaces the handler's limits; `max_body`,
    `max_head` and `max_fields` replace single ones of them. None leaves what the handler class has.

    `access_log` is "plain" (as http.server writes it), "common", "combined", "json" or "off"; None
    is "plain", but leaves a handler class to log in its own way.

    Raises:
        ValueError: `app` cannot be served (`NotServable`), or an option is out of its bounds.
        OSError: an address cannot be bound, or a file cannot be used.
    """
    # Taken before there are other names: the parameters, which are the fields of the table.
    parameters = locals()
    options = ServeOptions(
        **{name: parameters[name] for name in parameters if name not in ("app", "on_ready")}
    )
    target = identify(app, interface)
    addresses = [parse_address(text) for text in ([bind] if isinstance(bind, str) else bind)]
    service = Service(lambda: target, options)
    listeners = Listeners(addresses, workers, backlog=backlog, unix_mode=unix_mode)

    def announce() -> None:
        if on_ready is not None:
            on_ready(listeners.urls("https" if options.tls else "http"))

    try:
        if workers > 1:
            return Supervisor(service, listeners, announce).run()
        serve_in_this_process(service, listeners, announce)
        return 0
    finally:
        listeners.close()


serve.__module__ = "nethttp.server"
