"""``python -m nethttp.client URL``: fetch a URL to standard output or into a file."""

from __future__ import annotations

import argparse
import base64
import os
import re
import ssl
import sys
from collections.abc import Sequence
from typing import Any, BinaryIO
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from .. import errors
from ..net.tls import new_client_context
from .connection import HTTPConnection
from .download import copy_content, progress_on, whole_file
from .https import HTTPSConnection
from .redirect import FOLLOWED, follow
from .response import HTTPResponse

MAX_REDIRECTS = 20

EPILOG = """\
exit status: 0 for 2xx and 3xx, 1 for an HTTP error (4xx, 5xx), 2 when there is no (whole) response
"""


class _Failure(Exception):
    """Something that ends the command, said in one line."""


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Fetch a URL.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("url", metavar="URL", help="http:// or https://; http:// if it says neither")
    add("-o", "--output", metavar="FILE", help="write into FILE (-: standard output)")
    add("-i", "--include", action="store_true", help="write the response's head too")
    add("-I", "--head", action="store_true", help="ask for the head alone, and write it")
    add("-X", "--request", metavar="METHOD", help="the method (default: GET, with -d POST)")
    add(
        *("-H", "--header"),
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="add a field; 'NAME:' leaves one out",
    )
    add(
        "-d", "--data", metavar="DATA", help="send DATA; @FILE: what is in FILE, @-: standard input"
    )
    add("-L", "--location", action="store_true", help=f"follow up to {MAX_REDIRECTS} redirects")
    add("-u", "--user", metavar="USER:PASSWORD", help="send them (Basic) to the URL's own origin")
    add("-k", "--insecure", action="store_true", help="do not check the server's certificate")
    add("--cacert", metavar="FILE", help="trust the certificates in FILE")
    add(
        *("-m", "--timeout"),
        type=seconds,
        default=60.0,
        metavar="SECONDS",
        help="the longest wait for the server (60)",
    )
    return parser


def seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError
    return seconds


def _url(text: str) -> str:
    """Return a URL as it can be sent: with a scheme, and with nothing but ASCII in it.

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
        _ = parts.port
    except ValueError:
        raise _Failure(f"expected an http:// or https:// URL, got {errors.excerpt(text)}") from None
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]")
    return urlunsplit((parts.scheme.lower(), parts.netloc, path, query, ""))


def _fields(arguments: argparse.Namespace, url: str) -> list[tuple[str, str]]:
    """Return the fields to send, the defaults unless the user gave or left out their own."""
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
    credentials = arguments.user
    parts = urlsplit(url)
    if credentials is None and parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    if credentials is not None:
        token = base64.b64encode(credentials.encode()).decode("ascii")
        defaults["Authorization"] = f"Basic {token}"
    names = {name.lower() for name, _ in given} | left_out
    return given + [(name, value) for name, value in defaults.items() if name.lower() not in names]


def _content(data: str | None) -> bytes | None:
    """Return what -d says to send."""
    if data is None or not data.startswith("@"):
        return None if data is None else data.encode()
    if data == "@-":
        return sys.stdin.buffer.read()
    try:
        with open(data[1:], "rb") as file:
            return file.read()
    except OSError as error:
        raise _Failure(f"cannot read {data[1:]}: {error.strerror}") from None


def _context(arguments: argparse.Namespace) -> ssl.SSLContext | None:
    if not arguments.insecure and arguments.cacert is None:
        return None
    context = new_client_context()
    if arguments.cacert is not None:
        try:
            context.load_verify_locations(arguments.cacert)
        except OSError as error:
            reason = error.strerror or "no certificates in it"
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
        if content is not None and not names & {"content-length", "transfer-encoding"}:
            connection.putheader("Content-Length", str(len(content)))
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


def _run(arguments: argparse.Namespace) -> int:
    url = _url(arguments.url)
    content = _content(arguments.data)
    default = "HEAD" if arguments.head else "GET" if content is None else "POST"
    method = arguments.request or default
    fields = _fields(arguments, url)
    for _ in range(MAX_REDIRECTS + 1):
        connection, response = _ask(arguments, method, url, fields, content)
        with connection, response:
            location = response.getheader("location")
            if not (arguments.location and response.status in FOLLOWED and location):
                _write(arguments, response)
                return 0 if response.status < 400 else 1
            method, url, fields, keeps = follow(response.status, location, method, url, fields)
            url = _url(url)
            content = content if keeps else None
    raise _Failure(f"got more than {MAX_REDIRECTS} redirects, the last to {url}")


def _write(arguments: argparse.Namespace, response: HTTPResponse) -> None:
    head = _head_of(response) if arguments.include or arguments.head else b""
    if arguments.output in (None, "-"):
        with progress_on(None, "", None) as advance:
            _write_to(sys.stdout.buffer, head, response, advance)
        sys.stdout.buffer.flush()
        return
    name = os.path.basename(arguments.output)
    with (
        whole_file(arguments.output) as file,
        progress_on(sys.stderr, name, response.length) as advance,
    ):
        _write_to(file, head, response, advance)


def _write_to(file: BinaryIO, head: bytes, response: HTTPResponse, advance: Any) -> None:
    file.write(head)
    copy_content(response, file, advance)


def main(argv: Sequence[str] | None = None, prog: str = "python -m nethttp.client") -> int:
    """Run the command and return its exit status."""
    arguments = _parser(prog).parse_args(argv)
    try:
        return _run(arguments)
    except _Failure as failure:
        message = str(failure)
    except BrokenPipeError:
        # Whoever read the output has read enough; nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except errors.IncompleteRead as error:
        missing = "" if error.expected is None else f", {error.expected} bytes early"
        message = f"{arguments.url}: the connection ended inside the content{missing}"
    except TimeoutError:
        message = f"{arguments.url}: no answer within {arguments.timeout:g} seconds"
    except ssl.SSLCertVerificationError as error:
        message = f"{arguments.url}: the certificate is not to be trusted: {error.verify_message}"
    except (errors.HTTPException, ValueError) as error:
        message = f"{arguments.url}: {error}"
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        message = f"{arguments.url}:{where} {error.strerror or error}"
    print(f"{prog}: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
