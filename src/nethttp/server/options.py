"""The options of ``python -m nethttp.server``, and what they mean to `Settings`."""

from __future__ import annotations

import argparse
import functools
import os
from typing import Any

from ..wire import grammar
from ..wire.limits import DEFAULT_LIMITS, Limits
from .accesslog import FORMATS
from .applications import INTERFACES, NotServable, Servable, named
from .cgi import CGIHTTPRequestHandler
from .contract import EngineLimits
from .files import SimpleHTTPRequestHandler
from .listeners import LOOPBACK, Address, parse_address
from .worker import Settings, TLSFiles

__all__ = ["Refused", "addresses_of", "command_line", "settings_of"]


class Refused(Exception):
    """Something that keeps the server from starting, said in one line."""


def command_line(prog: str) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Serve a directory, a handler class or a WSGI application over HTTP.",
        epilog="SIGTERM and SIGINT end it once what runs is answered; SIGHUP renews the workers, "
        "with new code, certificates and log file, and loses no request.",
    )
    parser.add_argument(
        "target",
        nargs="*",
        metavar="TARGET [PORT]",
        help="a directory (the current one), or module:name of a handler class or WSGI "
        "application; a number is the port (8000; 0: a free one)",
    )
    add = parser.add_argument
    add(
        *("-b", "--bind"),
        action="append",
        metavar="ADDRESS",
        help="where to listen; may be repeated. HOST, HOST:PORT, [IPV6]:PORT, unix:PATH, fd:N, or "
        "systemd for its sockets (default: this machine alone; 0.0.0.0 or :: for the network)",
    )
    add("--interface", choices=INTERFACES, help="what TARGET is (default: found out by looking)")
    add(
        *("-w", "--workers"),
        type=_positive,
        default=1,
        metavar="N",
        help="processes that serve (1)",
    )
    add("--reload", action="store_true", help="renew the workers when a Python file here changes")
    add(
        *("-p", "--protocol"),
        default="HTTP/1.1",
        choices=("HTTP/1.0", "HTTP/1.1"),
        metavar="VERSION",
        help="HTTP version to conform to (HTTP/1.1)",
    )
    _add_files(parser.add_argument_group("a directory"))
    _add_tls(parser.add_argument_group("TLS"))
    _add_operation(parser.add_argument_group("logs, health and limits"))
    return parser


def _add_files(group: Any) -> None:
    add = group.add_argument
    add(
        *("-d", "--directory"),
        metavar="DIRECTORY",
        help="directory to serve (the current one)",
    )
    add("--cgi", action="store_true", help="run scripts in /cgi-bin and /htbin")
    add(
        "--follow-links",
        choices=("inside", "all", "none"),
        help="symbolic links to follow: those that stay inside the directory (default), all, none",
    )
    add(
        "--spa",
        nargs="?",
        const="index.html",
        metavar="FILE",
        help="a single-page application: FILE (index.html) for what does not exist",
    )
    add("--cache-control", metavar="VALUE", help="Cache-Control of files, as 'max-age=3600'")
    add(
        *("-H", "--header"),
        action="append",
        type=_field,
        metavar="NAME:VALUE",
        help="a field to add to every response that is no error; may be repeated",
    )
    add(
        "--cors",
        action="append",
        nargs="?",
        const="*",
        metavar="ORIGIN",
        help="let pages of ORIGIN (all) read the responses; may be repeated",
    )
    add("--no-compress", action="store_true", help="compress nothing")
    add("--no-precompressed", action="store_true", help="leave .br, .zst and .gz neighbours alone")
    add("--no-listing", action="store_true", help="list no directory")


def _add_tls(group: Any) -> None:
    add = group.add_argument
    add("--tls-cert", metavar="FILE", help="certificate chain in PEM format: serve HTTPS")
    add("--tls-key", metavar="FILE", help="the certificate's private key, if in another file")
    add("--tls-password-file", metavar="FILE", help="file with the private key's password")
    add("--tls-client-ca", metavar="FILE", help="authorities whose certificates clients must show")
    add("--tls-self-signed", action="store_true", help="serve HTTPS with a certificate of its own")


def _add_operation(group: Any) -> None:
    engine, handler = EngineLimits(), SimpleHTTPRequestHandler
    add = group.add_argument
    add(
        "--access-log",
        choices=("off", *FORMATS),
        help="a line for every request (default: as http.server writes it)",
    )
    add("--access-log-file", metavar="FILE", help="where they go (standard error)")
    add("--health-path", metavar="PATH", help="answered 200 while the process lives")
    add("--ready-path", metavar="PATH", help="answered 200, or 503 once the end has begun")
    for option, what, default in (
        ("--head-timeout", "a whole head", handler.head_timeout),
        ("--idle-timeout", "silence between requests", handler.idle_timeout),
        ("--body-timeout", "a pause in content", handler.body_timeout),
        ("--drain-timeout", "what still runs at the end", 30.0),
    ):
        add(
            option,
            type=_seconds,
            metavar="SECONDS",
            help=f"for {what} ({default:g})",
        )
    add("--max-body", type=_size, metavar="BYTES", help="content of a request, as 10M (no bound)")
    add(
        "--max-head",
        type=_size,
        metavar="BYTES",
        help=f"fields of a request together ({DEFAULT_LIMITS.max_field_section})",
    )
    add(
        "--max-fields",
        type=_positive,
        metavar="N",
        help=f"fields of a request ({DEFAULT_LIMITS.max_fields})",
    )
    add(
        "--max-connections",
        type=_positive,
        default=engine.max_connections,
        metavar="N",
        help=f"open connections of a worker, above which it answers 503 ({engine.max_connections})",
    )
    add(
        "--max-threads",
        type=_positive,
        default=engine.max_threads,
        metavar="N",
        help=f"handlers of a worker that may block at once ({engine.max_threads})",
    )
    add(
        "--max-waiting",
        type=_positive,
        default=engine.max_waiting,
        metavar="N",
        help=f"requests that wait for one of these, beyond which it answers 503 "
        f"({engine.max_waiting})",
    )
    add(
        "--min-body-rate",
        type=_size,
        metavar="BYTES",
        help="of content a second, either way, below which a peer is cut off; 0: no bound "
        f"({handler.min_body_rate})",
    )
    add("--backlog", type=_positive, default=2048, metavar="N", help="connections not accepted yet")
    add("--unix-mode", type=_mode, metavar="MODE", help="of unix:PATH, as 660 (what umask leaves)")


# --- what the words of an option may be ---


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"expected a number from 1 on, got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds, as 10 or 0.5, got {text!r}")
    return seconds


def _size(text: str) -> int:
    """Return a size in bytes; K, M and G are powers of 1024."""
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:].upper(), 1)
    digits = text if unit == 1 else text[:-1]
    if not (digits.isascii() and digits.isdigit()):
        raise argparse.ArgumentTypeError(f"expected bytes, as 4096 or 10M, got {text!r}")
    return int(digits) * unit


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise argparse.ArgumentTypeError(f"expected three octal digits, as 660, got {text!r}")
    return mode


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    value = value.strip(" \t")
    if not colon or not grammar.TOKEN.fullmatch(name) or not grammar.FIELD_VALUE.fullmatch(value):
        raise argparse.ArgumentTypeError(f"expected NAME:VALUE, got {text!r}")
    return name, value


# --- what they mean together ---


def _target_and_port(arguments: argparse.Namespace) -> tuple[str | None, int]:
    words = list(arguments.target)
    numbers = [word for word in words if word.isascii() and word.isdigit()]
    names = [word for word in words if word not in numbers]
    if len(numbers) > 1 or len(names) > 1:
        raise Refused(f"expected one TARGET and one PORT, got {' '.join(words)}")
    port = int(numbers[0]) if numbers else 8000
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
    limits = _limits(arguments)
    settings = Settings(
        find,
        tls=_tls(arguments),
        access_log=arguments.access_log
        or ("common" if arguments.access_log_file is not None else None),
        access_log_file=arguments.access_log_file,
        protocol=arguments.protocol,
        limits=limits,
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
        drain_timeout=arguments.drain_timeout or 30.0,
        health_path=arguments.health_path,
        ready_path=arguments.ready_path,
    )
    return settings, what


def _application(target: str | None, arguments: argparse.Namespace) -> tuple[Any, str]:
    """Return a function that finds what is to be served, and what to call it."""
    directory = arguments.directory
    if target is not None and not os.path.isdir(target):
        try:
            find = named(target, arguments.interface)
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
        raise Refused(f"no such directory: {target or arguments.directory}")
    handler = CGIHTTPRequestHandler if arguments.cgi else SimpleHTTPRequestHandler
    served = functools.partial(handler, directory=directory, **_file_options(arguments))
    return lambda: Servable("directory", served), directory


_FOR_FILES = (
    *("directory", "cgi", "follow_links", "spa", "cache_control", "header", "cors"),
    *("no_compress", "no_precompressed", "no_listing"),
)


def _file_options(arguments: argparse.Namespace) -> dict[str, Any]:
    options: dict[str, Any] = {
        "follow_links": arguments.follow_links or "inside",
        "spa": arguments.spa,
        "cache_control": arguments.cache_control,
        "extra_response_headers": arguments.header,
        "cors": arguments.cors,
        "compress": not arguments.no_compress,
        "precompressed": not arguments.no_precompressed,
        "show_listing": not arguments.no_listing,
    }
    return {name: value for name, value in options.items() if value is not None}


def _limits(arguments: argparse.Namespace) -> Limits | None:
    given = {
        "max_body": arguments.max_body,
        "max_field_section": arguments.max_head,
        "max_fields": arguments.max_fields,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    return DEFAULT_LIMITS._replace(**chosen) if chosen else None


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
            raise Refused(f"cannot read {path}")
    password = None
    if arguments.tls_password_file:
        with open(arguments.tls_password_file, "rb") as file:
            password = file.readline().strip()
    if certificate is None:
        return None
    return TLSFiles(certificate, arguments.tls_key, password, arguments.tls_client_ca)
