"""The options of ``python -m nethttp.server``, and what they mean to `Settings`."""

from __future__ import annotations

import argparse
import errno
import functools
import os
import re
from collections.abc import Sequence
from typing import Any

from ...commandline import CommandParser
from ...wire import grammar
from ...wire.limits import SERVER_LIMITS
from ..engine.application import EngineLimits
from ..files.cgi import CGIHTTPRequestHandler
from ..files.cors import ANY_ORIGIN
from ..files.handler import SimpleHTTPRequestHandler
from ..logs.access import FORMATS
from .discover import INTERFACES, NotServable, Target, loader_for
from .listeners import BACKLOG, LOOPBACK, Address, parse_address
from .worker import Settings, TLSFiles

__all__ = ["PORT", "Refused", "addresses_of", "command_line", "parsed", "settings_of"]

PORT = 8000
"""The port if none is given."""

SPA_FILE = "index.html"
"""The page of a single-page application if none is given."""

DRAIN_TIMEOUT: float = Settings._field_defaults["drain_timeout"]


class Refused(Exception):
    """Something that keeps the server from starting, said in one line."""


def parsed(prog: str, words: Sequence[str]) -> argparse.Namespace:
    """Return what the words of a command line say."""
    return command_line(prog).parse_intermixed_args(_with_values_joined(words))


def command_line(prog: str) -> CommandParser:
    """Return the parser of the command line."""
    parser = CommandParser(
        prog=prog,
        usage=f"{prog} [OPTION ...] [TARGET] [PORT]",
        description="Serve a directory, a WSGI application or a handler class over HTTP.",
        epilog="Ctrl-C and SIGTERM let running requests finish, then end the server; a second one "
        "ends it at once. SIGHUP starts new workers with the new code, certificates and log file "
        "in the place of the old ones, and loses no request.",
    )
    parser.add_argument(
        "target",
        nargs="*",
        metavar="TARGET [PORT]",
        help="a directory (default: the current one), or module:name of a WSGI application, of a "
        "handler class, or of a function that returns one of them; a number is the port "
        f"(default: {PORT}; 0: any free port)",
    )
    add = parser.add_argument
    add(
        *("-b", "--bind", "--host"),
        action="append",
        metavar="ADDRESS",
        help="address to listen on; may be repeated. HOST, HOST:PORT, [IPV6]:PORT, unix:PATH, "
        "fd:NUMBER, or systemd for the sockets that it passes; 0.0.0.0 or :: opens the server to "
        f"the network (default: {LOOPBACK}, this machine only)",
    )
    add("--port", type=_port, metavar="PORT", help="the same as PORT alone")
    add("--interface", choices=INTERFACES, help="what TARGET is (default: detected)")
    add(
        *("-w", "--workers"),
        type=_positive,
        default=1,
        metavar="N",
        help="number of processes that serve (default: 1)",
    )
    add(
        "--reload",
        action="store_true",
        help="start new workers when a Python file below the current directory changes",
    )
    protocol = Settings._field_defaults["protocol"]
    add(
        *("-p", "--protocol"),
        type=_protocol,
        default=protocol,
        metavar="VERSION",
        help=f"HTTP version of the responses: HTTP/1.0 or HTTP/1.1 (default: {protocol})",
    )
    _add_files(parser.add_argument_group("if TARGET is a directory"))
    _add_tls(parser.add_argument_group("TLS"))
    _add_operation(parser.add_argument_group("logs, health checks and limits"))
    return parser


def _add_files(group: Any) -> None:
    add = group.add_argument
    handler = SimpleHTTPRequestHandler
    add("-d", "--directory", metavar="DIRECTORY", help="the same as TARGET")
    add("--cgi", action="store_true", help="run the programs in /cgi-bin and /htbin")
    add(
        "--content-type",
        type=_field_value,
        metavar="TYPE",
        help="media type of files whose extension is not known "
        f"(default: {handler.default_content_type})",
    )
    add(
        "--follow-links",
        choices=("inside", "all", "none"),
        help="symbolic links to follow: those that stay inside the directory, all, or none "
        f"(default: {handler.follow_links})",
    )
    add(
        "--spa",
        nargs="?",
        const=SPA_FILE,
        metavar="=FILE",
        help="serve a single-page application: FILE is sent for every page that does not exist; "
        f"--spa alone: {SPA_FILE}",
    )
    add(
        "--cache-control",
        type=_field_value,
        metavar="VALUE",
        help="the Cache-Control field of files, for example max-age=3600",
    )
    add(
        *("-H", "--header"),
        action="append",
        type=_field,
        metavar="NAME:VALUE",
        help="add a field to every response but errors; may be repeated; NAME VALUE works too",
    )
    add(
        "--cors",
        action="append",
        nargs="?",
        const=ANY_ORIGIN,
        type=_origin,
        metavar="=ORIGIN",
        help="let pages of ORIGIN read the responses, for example --cors=https://app.example; may "
        "be repeated; --cors alone: all pages",
    )
    add("--no-compress", action="store_true", help="do not compress responses")
    add(
        "--no-precompressed",
        action="store_true",
        help="do not send FILE.br, FILE.zst or FILE.gz in the place of FILE",
    )
    add("--no-listing", action="store_true", help="do not list directories without an index page")


def _add_tls(group: Any) -> None:
    add = group.add_argument
    add("--tls-cert", metavar="FILE", help="serve HTTPS with this certificate chain (PEM)")
    add("--tls-key", metavar="FILE", help="the certificate's private key, if in another file")
    add("--tls-password-file", metavar="FILE", help="file with the private key's password")
    add(
        "--tls-client-ca",
        metavar="FILE",
        help="accept only clients with a certificate that these authorities (PEM) have signed",
    )
    add(
        "--tls-self-signed",
        action="store_true",
        help="serve HTTPS with a certificate made for this run, which browsers warn about",
    )


def _add_operation(group: Any) -> None:
    engine, handler, limits = EngineLimits(), SimpleHTTPRequestHandler, SERVER_LIMITS
    add = group.add_argument
    add(
        "--access-log",
        choices=("off", *FORMATS),
        help="format of the access log (default: plain, as http.server writes it; a handler class "
        "logs what it logs itself)",
    )
    add("--access-log-file", metavar="FILE", help="the access log (default: standard error)")
    add("--health-path", type=_path, metavar="PATH", help="a path that is always answered 200")
    add(
        "--ready-path",
        type=_path,
        metavar="PATH",
        help="a path that is answered 200, but 503 once the server is ending",
    )
    add(
        "--trusted-proxy",
        action="append",
        type=_proxy,
        metavar="ADDRESS",
        help="believe X-Forwarded-For and X-Forwarded-Proto of this proxy, for WSGI applications "
        "and the access log; an address, a network such as 10.0.0.0/8, or unix for the peers of a "
        "Unix socket; may be repeated (default: none)",
    )
    for option, what, default in (
        ("--head-timeout", "for a client to send the head of a request", handler.head_timeout),
        ("--idle-timeout", "that a connection stays open without a request", handler.idle_timeout),
        (
            "--body-timeout",
            "without progress in sending or receiving content",
            handler.body_timeout,
        ),
        ("--drain-timeout", "for running requests to finish when the server ends", DRAIN_TIMEOUT),
    ):
        add(
            option,
            type=_seconds,
            metavar="SECONDS",
            help=f"longest time {what} (default: {default:g})",
        )
    add(
        "--max-body",
        type=_size,
        metavar="BYTES",
        help="largest content of a request, for example 10M; a larger one is answered 413 "
        "(default: no limit)",
    )
    add(
        "--max-head",
        type=_size,
        metavar="BYTES",
        help="largest size of a request's fields together; a larger one is answered 431 "
        f"(default: {limits.max_field_section})",
    )
    add(
        "--max-fields",
        type=_positive,
        metavar="N",
        help="most fields of a request; one with more is answered 431 "
        f"(default: {limits.max_fields})",
    )
    add(
        "--max-connections",
        type=_positive,
        default=engine.max_connections,
        metavar="N",
        help="most open connections of a worker; one more is answered 503 "
        f"(default: {engine.max_connections})",
    )
    add(
        "--max-threads",
        type=_positive,
        default=engine.max_threads,
        metavar="N",
        help="most requests of a worker that may block at the same time "
        f"(default: {engine.max_threads})",
    )
    add(
        "--max-waiting",
        type=_positive,
        default=engine.max_waiting,
        metavar="N",
        help="most requests that wait until fewer block; one more is answered 503 "
        f"(default: {engine.max_waiting})",
    )
    add(
        "--min-body-rate",
        type=_size,
        metavar="BYTES",
        help="fewest bytes of content a second, sent or received, on average; a slower connection "
        f"is closed; 0: no limit (default: {handler.min_body_rate})",
    )
    add(
        "--backlog",
        type=_positive,
        default=BACKLOG,
        metavar="N",
        help=f"most connections that wait until a worker accepts them (default: {BACKLOG})",
    )
    add(
        "--unix-mode",
        type=_mode,
        metavar="MODE",
        help="permissions of the socket at unix:PATH, for example 660 (default: as umask says)",
    )


def _with_values_joined(words: Sequence[str]) -> list[str]:
    """Return `words` with each option that may have a value, or has two words, joined to it.

    What follows ``--spa`` and ``--cors`` is the directory or the port, unless it is an origin.
    """
    rest = list(words)
    joined: list[str] = []
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*joined, word, *rest]
        if word == "--spa":
            word = f"--spa={SPA_FILE}"
        elif word == "--cors":
            word = f"--cors={rest.pop(0) if rest and _ORIGIN.fullmatch(rest[0]) else ANY_ORIGIN}"
        elif word in ("-H", "--header") and len(rest) > 1 and grammar.TOKEN.fullmatch(rest[0]):
            word = f"--header={rest.pop(0)}:{rest.pop(0)}"
        joined.append(word)
    return joined


# --- what the words of an option may be ---


_ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[^/?#\s]+")


def _origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"expected an origin such as https://app.example, got {text!r}"
        )
    return text


def _protocol(text: str) -> str:
    if text not in ("HTTP/1.0", "HTTP/1.1"):
        hint = f"; a port is written --port {text}" if text.isdecimal() else ""
        raise argparse.ArgumentTypeError(f"expected HTTP/1.0 or HTTP/1.1, got {text!r}{hint}")
    return text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got {text!r}")
    return int(text)


def _proxy(text: str) -> str:
    from .proxies import TrustedProxies  # start-up: only some servers have one

    try:
        TrustedProxies([text])
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected an address, a network such as 10.0.0.0/8, or unix, got {text!r}"
        ) from None
    return text


def _path(text: str) -> str:
    if not text.startswith("/"):
        raise argparse.ArgumentTypeError(f"expected a path such as /alive, got {text!r}")
    return text


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds, such as 10 or 0.5, got {text!r}")
    return seconds


def _size(text: str) -> int:
    """Return a size in bytes; K, M and G are powers of 1024."""
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:].upper(), 1)
    digits = text if unit == 1 else text[:-1]
    if not (digits.isascii() and digits.isdigit()):
        raise argparse.ArgumentTypeError(f"expected bytes, such as 4096 or 10M, got {text!r}")
    return int(digits) * unit


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise argparse.ArgumentTypeError(f"expected three octal digits, such as 660, got {text!r}")
    return mode


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    value = value.strip(" \t")
    if not colon or not grammar.TOKEN.fullmatch(name) or not grammar.FIELD_VALUE.fullmatch(value):
        raise argparse.ArgumentTypeError(f"expected NAME:VALUE, got {text!r}")
    return name, value


def _field_value(text: str) -> str:
    if not grammar.FIELD_VALUE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"expected the value of a field, got {text!r}")
    return text


# --- what they mean together ---


def _target_and_port(arguments: argparse.Namespace) -> tuple[str | None, int]:
    words = list(arguments.target)
    numbers = [word for word in words if word.isascii() and word.isdigit()]
    names = [word for word in words if word not in numbers]
    if len(numbers) > 1 or len(names) > 1:
        raise Refused(f"expected one TARGET and one PORT, got {' and '.join(words)}")
    if numbers and arguments.port is not None:
        raise Refused(f"expected one port, got {numbers[0]} and --port {arguments.port}")
    port = int(numbers[0]) if numbers else PORT if arguments.port is None else arguments.port
    if port > 65535:
        raise Refused(f"expected a port from 0 to 65535, got {port}")
    return names[0] if names else None, port


def addresses_of(arguments: argparse.Namespace) -> list[Address]:
    """Return where to listen.

    Raises:
        Refused: an address that is none.
    """
    _, port = _target_and_port(arguments)
    try:
        return [parse_address(text, port) for text in arguments.bind or [LOOPBACK]]
    except ValueError as error:
        raise Refused(f"--bind: {error}") from None


def settings_of(arguments: argparse.Namespace) -> tuple[Settings, str]:
    """Return how to serve, and in a word what.

    Raises:
        Refused: options that do not fit together, or a file that cannot be read.
    """
    target, _ = _target_and_port(arguments)
    find, what = _application(target, arguments)
    settings = Settings(
        find,
        tls=_tls(arguments),
        access_log=arguments.access_log
        or ("common" if arguments.access_log_file is not None else None),
        access_log_file=arguments.access_log_file,
        protocol=arguments.protocol,
        bounds=_bounds(arguments),
        engine=EngineLimits(
            max_connections=arguments.max_connections,
            max_threads=arguments.max_threads,
            max_waiting=arguments.max_waiting,
        ),
        head_timeout=arguments.head_timeout,
        idle_timeout=arguments.idle_timeout,
        body_timeout=arguments.body_timeout,
        min_body_rate=arguments.min_body_rate,
        multiprocess=arguments.workers > 1,
        drain_timeout=arguments.drain_timeout or DRAIN_TIMEOUT,
        health_path=arguments.health_path,
        ready_path=arguments.ready_path,
        trusted_proxies=arguments.trusted_proxy or (),
    )
    return settings, what


def _application(target: str | None, arguments: argparse.Namespace) -> tuple[Any, str]:
    """Return a function that finds what is to be served, and what to call it."""
    directory = arguments.directory
    if target is not None and not os.path.isdir(target):
        try:
            find = loader_for(target, arguments.interface)
        except NotServable as error:
            raise Refused(str(error)) from None
        given = [f"--{name.replace('_', '-')}" for name in _FOR_FILES if getattr(arguments, name)]
        if given:
            raise Refused(f"{given[0]} is for a directory, and {target} is an application")
        return find, target
    if target is not None and directory is not None:
        raise Refused(f"expected one directory, got {target} and --directory {directory}")
    if arguments.interface not in (None, "directory"):
        raise Refused(f"expected module:name for --interface {arguments.interface}")
    directory = os.path.abspath(target or directory or os.getcwd())
    if not os.path.isdir(directory):
        there = os.path.exists(directory)
        wrong = "expected a directory, got the file" if there else "no such directory:"
        raise Refused(f"{wrong} {target or arguments.directory}")
    if arguments.spa is not None:
        page = os.path.realpath(os.path.join(directory, arguments.spa))
        if not page.startswith(os.path.realpath(directory) + os.sep) or not os.path.isfile(page):
            raise Refused(f"--spa: there is no file {arguments.spa!r} in {directory}")
    handler = CGIHTTPRequestHandler if arguments.cgi else SimpleHTTPRequestHandler
    served = functools.partial(handler, directory=directory, **_file_options(arguments))
    return lambda: Target("directory", served), directory


_FOR_FILES = (
    *("directory", "cgi", "content_type", "follow_links", "spa", "cache_control", "header", "cors"),
    *("no_compress", "no_precompressed", "no_listing"),
)


def _file_options(arguments: argparse.Namespace) -> dict[str, Any]:
    options: dict[str, Any] = {
        "follow_links": arguments.follow_links or "inside",
        "default_content_type": arguments.content_type,
        "spa": arguments.spa,
        "cache_control": arguments.cache_control,
        "extra_response_headers": arguments.header,
        "cors": arguments.cors,
        "compress": not arguments.no_compress,
        "precompressed": not arguments.no_precompressed,
        "show_listing": not arguments.no_listing,
    }
    return {name: value for name, value in options.items() if value is not None}


def _bounds(arguments: argparse.Namespace) -> dict[str, int]:
    given = {
        "max_body": arguments.max_body,
        "max_field_section": arguments.max_head,
        "max_fields": arguments.max_fields,
    }
    return {name: value for name, value in given.items() if value is not None}


def _tls(arguments: argparse.Namespace) -> TLSFiles | None:
    certificate = arguments.tls_cert
    if certificate is None:
        if arguments.tls_key or arguments.tls_password_file:
            raise Refused("expected --tls-cert with --tls-key and --tls-password-file")
        if arguments.tls_client_ca and not arguments.tls_self_signed:
            raise Refused("expected --tls-cert or --tls-self-signed with --tls-client-ca")
    elif arguments.tls_self_signed:
        raise Refused("expected --tls-cert or --tls-self-signed, got both")
    files = (certificate, arguments.tls_key, arguments.tls_password_file, arguments.tls_client_ca)
    for path in files:
        if path is not None and not os.access(path, os.R_OK):
            reason = errno.EACCES if os.path.exists(path) else errno.ENOENT
            raise Refused(f"cannot read {path}: {os.strerror(reason)}")
    password = None
    if arguments.tls_password_file:
        with open(arguments.tls_password_file, "rb") as file:
            password = file.readline().strip()
    if certificate is None:
        return None
    return TLSFiles(certificate, arguments.tls_key, password, arguments.tls_client_ca)
