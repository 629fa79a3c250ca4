"""The command line of the standard library's ``http.server``, as a function that programs call.

``python -m nethttp.server`` has more, and other defaults: see `nethttp.server.process.options`.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..files.handler import SimpleHTTPRequestHandler
from ..servers.http import ThreadingHTTPServer, ThreadingHTTPSServer
from .test_function import test

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> None:
    """Serve the directory that `args` name, until stopped; by default the command line's.

    Raises:
        SystemExit: an option that is not known, or options that do not fit together.
    """
    parser = _parser()
    chosen = parser.parse_args(args)
    if not chosen.tls_cert:
        for option in ("--tls-key", "--tls-password-file"):
            if getattr(chosen, option[2:].replace("-", "_")):
                parser.error(f"{option} requires --tls-cert to be set")
    password = None
    if chosen.tls_password_file:
        try:
            with open(chosen.tls_password_file, encoding="utf-8") as file:
                password = file.read().strip()
        except OSError as error:
            parser.error(f"Failed to read TLS password file: {error}")
    test(
        HandlerClass=SimpleHTTPRequestHandler,
        ServerClass=_server_class(chosen.directory, chosen.header, tls=bool(chosen.tls_cert)),
        protocol=chosen.protocol,
        port=chosen.port,
        bind=chosen.bind,
        content_type=chosen.content_type,
        tls_cert=chosen.tls_cert,
        tls_key=chosen.tls_key,
        tls_password=password,
    )


def _parser() -> argparse.ArgumentParser:
    import argparse  # start-up: programs that call `main` are few

    parser = argparse.ArgumentParser(prog="python -m http.server")
    add = parser.add_argument
    add("port", nargs="?", type=int, default=8000, help="port to listen on (%(default)s)")
    add("-b", "--bind", metavar="ADDRESS", help="address to listen on (all)")
    add("-d", "--directory", default=os.getcwd(), help="directory to serve (the current one)")
    add(
        *("-p", "--protocol"),
        default="HTTP/1.0",
        metavar="VERSION",
        help="HTTP version to conform to (%(default)s)",
    )
    add(
        "--content-type",
        default="application/octet-stream",
        help="media type of a file whose extension is not known (%(default)s)",
    )
    add(
        *("-H", "--header"),
        nargs=2,
        action="append",
        metavar=("NAME", "VALUE"),
        help="add a field to every response but errors; may be repeated",
    )
    add("--tls-cert", metavar="FILE", help="certificate chain in PEM format: serve HTTPS")
    add("--tls-key", metavar="FILE", help="the certificate's private key, if in another file")
    add("--tls-password-file", metavar="FILE", help="file with the private key's password")
    return parser


def _server_class(directory: str, fields: Any, tls: bool) -> type:
    """Return a class of servers for both kinds of IP address, whose handlers serve `directory`."""
    base: Any = ThreadingHTTPSServer if tls else ThreadingHTTPServer

    class DualStackServer(base):  # type: ignore[misc]  # one of two bases that are alike
        def server_bind(self) -> None:
            with suppress(Exception):  # an IPv4 socket has no such option
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            super().server_bind()

        def finish_request(self, request: Any, client_address: Any) -> None:
            self.RequestHandlerClass(
                request, client_address, self, directory=directory, extra_response_headers=fields
            )

    return DualStackServer
