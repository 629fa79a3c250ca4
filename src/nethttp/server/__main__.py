"""``python -m nethttp.server``: serve a directory, with every option of ``python -m http.server``.

Two defaults differ: it listens to this machine alone, and it speaks HTTP/1.1.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from typing import Any

from .cgi import CGIHTTPRequestHandler
from .files import SimpleHTTPRequestHandler
from .run import best_family, serve_until_stopped, url_of
from .servers import ThreadingHTTPServer, ThreadingHTTPSServer

LOOPBACK = "127.0.0.1"
ANYWHERE = frozenset({"0.0.0.0", "::", ""})


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description="Serve a directory over HTTP.")
    add = parser.add_argument
    add(
        "port",
        nargs="?",
        type=port_number,
        default=8000,
        help="port to bind to (8000; 0: a free one)",
    )
    add(
        *("-b", "--bind"),
        default=LOOPBACK,
        metavar="ADDRESS",
        help="address to bind to (this machine alone; 0.0.0.0 or :: for the network)",
    )
    add(
        *("-d", "--directory"),
        default=os.getcwd(),
        metavar="DIRECTORY",
        help="directory to serve (the current one)",
    )
    add(
        *("-p", "--protocol"),
        default="HTTP/1.1",
        choices=("HTTP/1.0", "HTTP/1.1"),
        metavar="VERSION",
        help="HTTP version to conform to (HTTP/1.1)",
    )
    add("--cgi", action="store_true", help="run scripts in /cgi-bin and /htbin")
    add(
        "--follow-links",
        choices=("inside", "all", "none"),
        default="inside",
        help="symbolic links to follow: those that stay inside the directory (default), all, none",
    )
    add("--tls-cert", metavar="FILE", help="certificate chain in PEM format: serve HTTPS")
    add("--tls-key", metavar="FILE", help="the certificate's private key, if in another file")
    add("--tls-password-file", metavar="FILE", help="file with the private key's password")
    return parser


def port_number(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError
    return port


class _Refused(Exception):
    """Something that keeps the server from starting, said in one line."""


def _tls_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what `ThreadingHTTPSServer` needs, nothing for plain HTTP."""
    if arguments.tls_cert is None:
        if arguments.tls_key or arguments.tls_password_file:
            raise _Refused("expected --tls-cert with --tls-key and --tls-password-file")
        return {}
    password = None
    for path in (arguments.tls_cert, arguments.tls_key, arguments.tls_password_file):
        if path is not None and not os.access(path, os.R_OK):
            raise _Refused(f"cannot read {path}")
    if arguments.tls_password_file:
        with open(arguments.tls_password_file, "rb") as file:
            password = file.readline().strip()
    # Without a password OpenSSL would ask for one on the terminal.
    return {
        "certfile": arguments.tls_cert,
        "keyfile": arguments.tls_key,
        "password": b"" if password is None else password,
    }


def _handler(arguments: argparse.Namespace) -> type[SimpleHTTPRequestHandler]:
    """Return the handler class that the options ask for."""
    if not os.path.isdir(arguments.directory):
        raise _Refused(f"no such directory: {arguments.directory}")
    base = CGIHTTPRequestHandler if arguments.cgi else SimpleHTTPRequestHandler

    class Handler(base):  # type: ignore[misc, valid-type]  # one of the two
        protocol_version = arguments.protocol
        follow_links = arguments.follow_links

        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=arguments.directory)

    return Handler


def _server(arguments: argparse.Namespace) -> Any:
    """Return the server, bound and listening."""
    handler, tls = _handler(arguments), _tls_options(arguments)
    where = f"{arguments.bind or '*'} port {arguments.port}"
    try:
        family, address = best_family(arguments.bind or None, arguments.port)
    except OSError as error:
        raise _Refused(f"cannot bind to {where}: {error.strerror}") from None

    class Server(ThreadingHTTPSServer if tls else ThreadingHTTPServer):  # type: ignore[misc]
        address_family = family

        def server_bind(self) -> None:
            if family == socket.AF_INET6 and arguments.bind in ANYWHERE:
                # "::" means IPv4 too, as the stdlib's command has it.
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            super().server_bind()

    try:
        return Server(address, handler, **tls)
    except OSError as error:
        if tls and _is_about_tls(error):
            raise _Refused(
                f"cannot use the certificate {arguments.tls_cert}: expected a certificate, its "
                f"private key and the key's password, got {error.strerror or error}"
            ) from None
        raise _Refused(f"cannot bind to {where}: {error.strerror}") from None


def _is_about_tls(error: OSError) -> bool:
    import ssl  # start-up: only who serves HTTPS needs it

    return isinstance(error, ssl.SSLError)


def main(argv: Sequence[str] | None = None, prog: str = "python -m nethttp.server") -> int:
    """Run the command and return its exit status."""
    arguments = _parser(prog).parse_args(argv)
    try:
        server = _server(arguments)
    except _Refused as refused:
        print(f"{prog}: {refused}", file=sys.stderr)
        return 1
    with server:
        scheme = "https" if arguments.tls_cert else "http"
        url = url_of(server.server_address, scheme)
        lines = [f"Serving {os.path.abspath(arguments.directory)} at {url}"]
        if arguments.bind in ANYWHERE:
            lines.append("Everyone on the network can read it.")
        elif arguments.bind == LOOPBACK:
            lines.append("For this machine alone; --bind 0.0.0.0 opens it to the network.")
        serve_until_stopped(server, "\n".join([*lines, "Ctrl-C ends it."]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
