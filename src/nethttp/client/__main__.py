"""``python -m nethttp.client URL``: fetch a URL to standard output or into a file."""

from __future__ import annotations

import argparse
import base64
import os
import re
import ssl
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from .. import errors
from ..commandline import CommandParser, run_command, seconds
from ..net.tls import new_client_context
from ..wire.h1.rules import plan_request
from . import responses
from .connection import HTTPConnection
from .download import CannotWrite, ReaderLeft, copy_content, output_file, progress_on, writing_to
from .https import HTTPSConnection
from .redirect import FOLLOWED, follow
from .response import HTTPResponse

if TYPE_CHECKING:
    from .download import Buffer, Write

MAX_REDIRECTS = 20

EPILOG = """\
exit status: 0 for 2xx and 3xx, 1 for an HTTP error (4xx, 5xx), 2 if no complete response arrived
"""

#: OpenSSL's reasons when the server's answer to a handshake is not TLS.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"})


class _Failure(Exception):
    """An error that ends the command; its message is one line."""


def _parser(prog: str) -> CommandParser:
    parser = CommandParser(
        prog=prog,
        usage=f"{prog} [OPTION ...] URL",
        description="Send a request and print or save the response.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("url", metavar="URL", help="an http:// or https:// URL; http:// may be left out")
    add(
        *("-o", "--output"),
        metavar="FILE",
        help="save the content in FILE; -: print it, even binary content on a terminal",
    )
    add("-i", "--include", action="store_true", help="print the status and the fields too")
    add("-I", "--head", action="store_true", help="send HEAD; print the status and the fields")
    add("-X", "--request", metavar="METHOD", help="the method (default: GET; with -d: POST)")
    add(
        *("-H", "--header"),
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="add a field to the request; 'NAME:' leaves a field out; may be repeated",
    )
    add(
        *("-d", "--data"),
        metavar="DATA",
        help="content to send; @FILE: the content of FILE, @-: standard input",
    )
    add("-L", "--location", action="store_true", help=f"follow up to {MAX_REDIRECTS} redirects")
    add(
        *("-u", "--user"),
        metavar="USER[:PASSWORD]",
        help="send these credentials (Basic) to the URL's own origin; without a password, the "
        "command asks for it",
    )
    add("-k", "--insecure", action="store_true", help="do not check the server's certificate")
    add("--cacert", metavar="FILE", help="trust the certificates in FILE (PEM)")
    add(
        *("-m", "--timeout"),
        type=seconds,
        default=60.0,
        metavar="SECONDS",
        help="longest time to wait for the server to send something (default: 60)",
    )
    return parser


def _url(text: str) -> str:
    """Return a URL in the form that can be sent: with a scheme, and in ASCII alone.

    >>> _url("example.com/ä b")
    'http://example.com/%C3%A4%20b'
    """
    if "://" not in text:
        text = "http://" + text
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise _Failure(f"expected a URL, got control characters in {errors.excerpt(text)}")
    try:
        parts = urlsplit(text)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
            raise ValueError
    except ValueError:
        raise _Failure(f"expected an http:// or https:// URL, got {errors.excerpt(text)}") from None
    try:
        _ = parts.port
    except ValueError:
        raise _Failure(
            f"expected a port from 0 to 65535 in the URL, got {errors.excerpt(text)}"
        ) from None
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]")
    return urlunsplit((parts.scheme.lower(), parts.netloc, path, query, ""))


def _fields(arguments: argparse.Namespace, url: str) -> list[tuple[str, str]]:
    """Return the fields to send: those of -H, and the defaults that -H does not replace or omit."""
    given: list[tuple[str, str]] = []
    left_out: set[str] = set()
    for line in arguments.header:
        name, colon, value = line.partition(":")
        if not colon:
            raise _Failure(f"expected 'NAME: VALUE' after -H, got {errors.excerpt(line)}")
        if value.strip():
            given.append((name.strip(), value.strip()))
        else:
            left_out.add(name.strip().lower())
    defaults = {"User-Agent": "nethttp", "Accept": "*/*"}
    if arguments.data is not None:
        defaults["Content-Type"] = "application/x-www-form-urlencoded"
    credentials = _credentials(arguments.user, url)
    if credentials is not None:
        token = base64.b64encode(_octets(credentials)).decode("ascii")
        defaults["Authorization"] = f"Basic {token}"
    names = {name.lower() for name, _ in given} | left_out
    return given + [(name, value) for name, value in defaults.items() if name.lower() not in names]


def _octets(text: str) -> bytes:
    """Return the bytes of an argument of the command line, which may be invalid UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def _credentials(user: str | None, url: str) -> str | None:
    """Return "user:password" from -u or the URL, None without a user; ask for a missing password.

    RFC 7617 section 2: they are joined by a colon, even if the password is empty.
    """
    parts = urlsplit(url)
    if user is None:
        if parts.username is None:
            return None
        return f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    if ":" in user:
        return user
    from getpass import GetPassWarning, getpass  # start-up: few users leave the password out

    try:
        with warnings.catch_warnings():
            # Without a terminal, getpass would read standard input, which may be the content of -d.
            warnings.simplefilter("error", GetPassWarning)
            return f"{user}:{getpass(f'Password of {user} at {parts.hostname}: ')}"
    except (GetPassWarning, EOFError):
        raise _Failure(
            "expected USER:PASSWORD after -u: there is no terminal to ask for the password"
        ) from None


def _content(data: str | None) -> bytes | None:
    """Return the content that -d names, None without -d."""
    if data is None or not data.startswith("@"):
        return None if data is None else _octets(data)
    name = "standard input" if data == "@-" else data[1:]
    try:
        if data == "@-":
            return sys.stdin.buffer.read()
        with open(data[1:], "rb") as file:
            return file.read()
    except OSError as error:
        raise _Failure(f"cannot read {name}: {error.strerror}") from None


def _context(arguments: argparse.Namespace) -> ssl.SSLContext | None:
    if not arguments.insecure and arguments.cacert is None:
        return None
    context = new_client_context()
    if arguments.cacert is not None:
        try:
            context.load_verify_locations(arguments.cacert)
        except OSError as error:
            no_pem = isinstance(error, ssl.SSLError)
            reason = "it has no certificate in PEM format" if no_pem else error.strerror
            raise _Failure(f"cannot read {arguments.cacert}: {reason}") from None
    if arguments.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _ask(
    arguments: argparse.Namespace,
    method: str,
    url: str,
    fields: list[tuple[str, str]],
    content: bytes | None,
) -> tuple[HTTPConnection, HTTPResponse]:
    """Send one request and return its connection and response."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: HTTPConnection
    if parts.scheme == "https":
        context = _context(arguments)
        connection = HTTPSConnection(host, parts.port, timeout=arguments.timeout, context=context)
    else:
        connection = HTTPConnection(host, parts.port, timeout=arguments.timeout)
    try:
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        names = {name.lower() for name, _ in fields}
        connection.putrequest(
            method,
            target,
            skip_host="host" in names,
            skip_accept_encoding="accept-encoding" in names,
        )
        for name, value in fields:
            connection.putheader(name, value)
        length = None if content is None else len(content)
        if added := plan_request(names, length, content is not None).added:
            connection.putheader(*added)
        connection.putheader("Connection", "close")
        connection.endheaders(content)
        return connection, connection.getresponse()
    except BaseException:
        connection.close()
        raise


def _head_of(response: HTTPResponse) -> bytes:
    version = f"HTTP/1.{response.version - 10}"
    lines = [f"{version} {response.status} {response.reason}".rstrip()]
    lines += [f"{name}: {value}" for name, value in response.getheaders()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _run(arguments: argparse.Namespace, prog: str) -> int:
    url = _url(arguments.url)
    content = _content(arguments.data)
    default = "HEAD" if arguments.head else "GET" if content is None else "POST"
    method = arguments.request or default
    fields = _fields(arguments, url)
    for _ in range(MAX_REDIRECTS + 1):
        connection, response = _ask(arguments, method, url, fields, content)
        with connection, response:
            location = response.getheader("location")
            if response.status not in FOLLOWED:
                location = None
            if location is None or not arguments.location:
                _write(arguments, response)
                if not (arguments.include or arguments.head):
                    _say_status(prog, url, response.status, location)
                return 0 if response.status < 400 else 1
            method, url, fields, keeps = follow(response.status, location, method, url, fields)
            url = _url(url)
            content = content if keeps else None
    raise _Failure(f"got more than {MAX_REDIRECTS} redirects, the last to {url}")


def _say_status(prog: str, url: str, status: int, location: str | None) -> None:
    """Print what the content does not show: an error, or a redirect that is not followed."""
    if status < 400 and location is None:
        return
    phrase = responses.get(status, "")
    to = "" if location is None else f", to {errors.excerpt(location)}; -L follows it"
    print(f"{prog}: {url}: {status} {phrase}".rstrip() + to, file=sys.stderr)


def _write(arguments: argparse.Namespace, response: HTTPResponse) -> None:
    head = _head_of(response) if arguments.include or arguments.head else b""
    if arguments.output in (None, "-"):
        with open(sys.stdout.fileno(), "wb", buffering=0, closefd=False) as output:
            write = writing_to(output, "standard output")
            write(head)
            if arguments.output is None and output.isatty():
                write = _text_alone(write, response.getheader("content-type"))
            copy_content(response, write, lambda _count: None)
        return
    name = os.path.basename(arguments.output)
    with (
        output_file(arguments.output) as file,
        progress_on(sys.stderr, name, response.length) as advance,
    ):
        write = writing_to(file, arguments.output)
        write(head)
        copy_content(response, write, advance)


def _text_alone(write: Write, media_type: str | None) -> Write:
    """Return a function that writes text with `write` and refuses binary content.

    Raises:
        _Failure: by that function, if a piece has a NUL byte; the piece is not written.
    """

    def write_text(piece: Buffer) -> None:
        if b"\0" in bytes(piece):
            kind = f" ({errors.excerpt(media_type)})" if media_type else ""
            raise _Failure(
                f"the content is binary{kind}: -o FILE saves it, -o - prints it to the terminal"
            )
        write(piece)

    return write_text


def main(argv: Sequence[str] | None = None, prog: str = "python -m nethttp.client") -> int:
    """Run the command and return its exit status."""
    return run_command(lambda: _answered(_parser(prog).parse_args(argv), prog))


def _answered(arguments: argparse.Namespace, prog: str) -> int:
    """Run the command and return its exit status; print an error in one line."""
    try:
        return _run(arguments, prog)
    except ReaderLeft:
        raise BrokenPipeError from None
    except (_Failure, CannotWrite) as failure:
        message = str(failure)
    except errors.IncompleteRead as error:
        missing = "" if error.expected is None else f", {error.expected} bytes early"
        message = f"{arguments.url}: the connection ended inside the content{missing}"
    except TimeoutError:
        message = f"{arguments.url}: no answer within {arguments.timeout:g} seconds"
    except ssl.SSLCertVerificationError as error:
        message = f"{arguments.url}: the certificate is not trusted: {error.verify_message}"
    except ssl.SSLError as error:
        reason = "the server does not speak TLS" if error.reason in _NO_TLS else error.strerror
        message = f"{arguments.url}: {reason or error}"
    except UnicodeError:
        message = f"{arguments.url}: expected the name of a host, or its address"
    except (errors.HTTPException, ValueError) as error:
        message = f"{arguments.url}: {error}"
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        message = f"{arguments.url}:{where} {error.strerror or error}"
    print(f"{prog}: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
