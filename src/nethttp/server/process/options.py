"""`ServeOptions`: every option of `serve` and of the command line's server, in one table.

A row gives an option's type, its default, its unit and bounds (`Kind`), and its help. The command
line makes its arguments from the rows (`command_line`), `serve` takes the options as keyword
arguments, and each worker reads them (`worker`, `configured`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal, NamedTuple

from ...wire.limits import Limits
from ..engine.application import DRAIN_SECONDS, EngineLimits
from ..files.handler import SimpleHTTPRequestHandler
from ..logs.access import FORMATS
from . import option_values as kinds
from .certificate import TLSFiles
from .discover import INTERFACES
from .listeners import BACKLOG, DEFAULT_ADDRESS
from .option_values import Kind

__all__ = [
    "GENERAL",
    "HANDLER_OPTIONS",
    "OPERATION",
    "ROWS",
    "TLS",
    "Refused",
    "Row",
    "ServeOptions",
    "option_help",
]

GENERAL, TLS, OPERATION = "", "TLS", "logs, health checks and limits"
"""The groups of options in the help."""


class Refused(Exception):
    """Options that keep the command from starting; the message is one line."""


class Row(NamedTuple):
    """What the command line knows of an option. Name, type and default are the field's."""

    kind: Kind
    help: str
    flags: tuple[str, ...] = ()
    """Empty: ``--`` and the option's name."""
    group: str = OPERATION
    choices: tuple[str, ...] = ()
    """The words that it takes; empty: every word that its kind reads."""
    repeated: bool = False
    shown: Any = None
    """The default as the help prints it; None: the default itself."""
    of_handler: bool = False
    """Whether it replaces the handler's attribute of the same name, unless it is None."""


def _row(kind: Kind, help: str, *flags: str, **columns: Any) -> dict[str, Row]:
    return {"row": Row(kind, help, flags, **columns)}


_ENGINE = EngineLimits()
_LIMITS = SimpleHTTPRequestHandler.limits


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """How to serve. A field without a row cannot be written on the command line.

    >>> ServeOptions(workers=2).max_threads
    1000

    Raises:
        ValueError: a value out of its bounds.
    """

    bind: str | Sequence[str] = field(
        default=DEFAULT_ADDRESS,
        metadata=_row(
            kinds.ADDRESS,
            "address to listen on; may be repeated. HOST, HOST:PORT, [IPV6]:PORT, unix:PATH, "
            "fd:NUMBER, or systemd for the sockets that it passes; 0.0.0.0 or :: opens the server "
            "to the network",
            *("-b", "--bind", "--host"),
            group=GENERAL,
            repeated=True,
            shown="127.0.0.1, this machine only",
        ),
    )
    interface: Literal["handler", "wsgi", "directory", "file"] | None = field(
        default=None,
        metadata=_row(
            kinds.WORD,
            "what TARGET is",
            group=GENERAL,
            choices=INTERFACES,
            shown="detected",
        ),
    )
    workers: int = field(
        default=1,
        metadata=_row(
            kinds.COUNT._replace(least=1),
            "number of processes that serve",
            *("-w", "--workers"),
            group=GENERAL,
        ),
    )
    protocol: Literal["HTTP/1.0", "HTTP/1.1"] = field(
        default="HTTP/1.1",
        metadata=_row(
            kinds.PROTOCOL,
            "HTTP version of the responses of handlers that do not set protocol_version: HTTP/1.0 "
            "or HTTP/1.1",
            *("-p", "--protocol"),
            group=GENERAL,
            choices=("HTTP/1.0", "HTTP/1.1"),
        ),
    )

    tls_cert: str | os.PathLike[str] | None = field(
        default=None,
        metadata=_row(
            kinds.FILE,
            "serve HTTPS with this certificate chain (PEM)",
            *("-C", "--tls-cert"),
            group=TLS,
        ),
    )
    tls_key: str | os.PathLike[str] | None = field(
        default=None,
        metadata=_row(
            kinds.FILE,
            "the certificate's private key, if in another file",
            *("-K", "--tls-key"),
            group=TLS,
        ),
    )
    tls_password: str | bytes | None = None
    tls_client_ca: str | os.PathLike[str] | None = field(
        default=None,
        metadata=_row(
            kinds.FILE,
            "accept only clients with a certificate that these authorities (PEM) have signed",
            group=TLS,
        ),
    )
    handshake_timeout: float = field(
        default=_ENGINE.handshake_timeout,
        metadata=_row(kinds.SECONDS, "longest time for a TLS handshake", group=TLS),
    )

    access_log: Literal["off", "plain", "common", "combined", "json"] | None = field(
        default=None,
        metadata=_row(
            kinds.WORD,
            "format of the access log",
            choices=("off", *FORMATS),
            shown="plain, as http.server writes it; a handler class logs what it logs itself",
        ),
    )
    access_log_file: str | os.PathLike[str] | None = field(
        default=None, metadata=_row(kinds.FILE, "the access log", shown="standard error")
    )
    health_path: str | None = field(
        default=None, metadata=_row(kinds.PATH, "a path that is always answered 200")
    )
    ready_path: str | None = field(
        default=None,
        metadata=_row(kinds.PATH, "a path that is answered 200, but 503 once the server is ending"),
    )
    trusted_proxies: Sequence[str] = field(
        default=(),
        metadata=_row(
            kinds.PROXY,
            "believe X-Forwarded-For and X-Forwarded-Proto of this proxy, for WSGI applications "
            "and the access log; an address, a network such as 10.0.0.0/8, or unix for the peers "
            "of a Unix socket; may be repeated",
            "--trusted-proxy",
            repeated=True,
            shown="none",
        ),
    )

    head_timeout: float | None = field(
        default=None,
        metadata=_row(
            kinds.SECONDS,
            "longest time for a client to send the head of a request",
            of_handler=True,
        ),
    )
    idle_timeout: float | None = field(
        default=None,
        metadata=_row(
            kinds.SECONDS,
            "longest time that a connection stays open without a request",
            of_handler=True,
        ),
    )
    body_timeout: float | None = field(
        default=None,
        metadata=_row(
            kinds.SECONDS,
            "longest time without progress in sending or receiving content",
            of_handler=True,
        ),
    )
    min_body_rate: int | None = field(
        default=None,
        metadata=_row(
            kinds.BYTES,
            "fewest bytes of content a second, sent or received, on average; a slower connection "
            "is closed; 0: no limit",
            of_handler=True,
        ),
    )
    body_grace: float | None = field(
        default=None,
        metadata=_row(
            kinds.SECONDS,
            "time that content may take before --min-body-rate applies",
            of_handler=True,
        ),
    )
    drain_timeout: float = field(
        default=DRAIN_SECONDS,
        metadata=_row(
            kinds.SECONDS,
            "longest time for running requests to finish when the server ends",
        ),
    )

    limits: Limits | None = None
    max_body: int | None = field(
        default=None,
        metadata=_row(
            kinds.BYTES,
            "largest content of a request, for example 10M; a larger one is answered 413",
            shown="no limit",
        ),
    )
    max_head: int | None = field(
        default=None,
        metadata=_row(
            kinds.BYTES,
            "largest size of a request's fields together; a larger one is answered 431",
            shown=_LIMITS.max_field_section,
        ),
    )
    max_fields: int | None = field(
        default=None,
        metadata=_row(
            kinds.COUNT,
            "most fields of a request; one with more is answered 431",
            shown=_LIMITS.max_fields,
        ),
    )
    max_connections: int | None = field(
        default=_ENGINE.max_connections,
        metadata=_row(
            kinds.COUNT,
            "most open connections of a worker; one more is answered 503",
        ),
    )
    max_threads: int = field(
        default=_ENGINE.max_threads,
        metadata=_row(
            kinds.COUNT,
            "most requests of a worker that may block at the same time",
        ),
    )
    max_waiting: int = field(
        default=_ENGINE.max_waiting,
        metadata=_row(
            kinds.COUNT,
            "most requests that wait until fewer block; one more is answered 503",
        ),
    )
    backlog: int = field(
        default=BACKLOG,
        metadata=_row(kinds.COUNT, "most connections that wait until a worker accepts them"),
    )
    unix_mode: int | None = field(
        default=None,
        metadata=_row(
            kinds.MODE,
            "permissions of the socket at unix:PATH, for example 660",
            shown="as umask says",
        ),
    )

    def __post_init__(self) -> None:
        for name, row in ROWS.items():
            value = getattr(self, name)
            if row.kind.least is not None and value is not None and value < row.kind.least:
                raise ValueError(f"expected {name} to be {row.kind.least:g} or more, got {value}")
            if row.choices and value not in (None, *row.choices):
                raise ValueError(
                    f"expected {name} to be one of {', '.join(row.choices)}, got {value!r}"
                )
        if self.workers > 1 and not hasattr(os, "fork"):
            raise ValueError("expected one worker: this system cannot fork")
        if self.trusted_proxies:
            from .proxies import TrustedProxies  # start-up: only some servers have one

            TrustedProxies(self.trusted_proxies)

    @property
    def tls(self) -> TLSFiles | None:
        """The files of a TLS server; None: the server speaks plain HTTP."""
        if self.tls_cert is None:
            return None
        password = self.tls_password
        return TLSFiles(
            os.fspath(self.tls_cert),
            None if self.tls_key is None else os.fspath(self.tls_key),
            password.encode() if isinstance(password, str) else password,
            None if self.tls_client_ca is None else os.fspath(self.tls_client_ca),
        )

    @property
    def engine_limits(self) -> EngineLimits:
        """The bounds of a worker's engine."""
        return EngineLimits(**{name: getattr(self, name) for name in EngineLimits._fields})

    def limits_for(self, limits: Limits) -> Limits:
        """Return the limits of a handler class that has `limits` of its own.

        >>> ServeOptions(max_body=10).limits_for(Limits(max_fields=7))[-4:]
        (100, 10, 100, 262144)
        """
        single = {
            "max_body": self.max_body,
            "max_field_section": self.max_head,
            "max_fields": self.max_fields,
        }
        given = {name: value for name, value in single.items() if value is not None}
        return (limits if self.limits is None else self.limits)._replace(**given)


def _row_of(option: Field[Any]) -> Row:
    """Return the row of a field, with the default that the help prints."""
    row: Row = option.metadata["row"]
    if row.shown is not None:
        return row
    shown = getattr(SimpleHTTPRequestHandler, option.name) if row.of_handler else option.default
    return row._replace(shown=f"{shown:g}" if isinstance(shown, float) else shown)


#: The rows of the table, by the names of the fields.
ROWS = {option.name: _row_of(option) for option in fields(ServeOptions) if option.metadata}

#: The options that replace an attribute of the handler.
HANDLER_OPTIONS = tuple(name for name, row in ROWS.items() if row.of_handler)


def option_help(row: Row) -> str:
    """Return the help of an option, with its default if it has one.

    >>> option_help(ROWS["workers"])
    'number of processes that serve (default: 1)'
    """
    return row.help if row.shown is None else f"{row.help} (default: {row.shown})"
